import { expect, test } from "vitest";
import { z } from "zod";
import { number, secret, text } from "../../inputs.ts";
import type { FileKind } from "../file.ts";
import { fileKinds } from "../files.generated.ts";
import { allKinds } from "../subject.ts";
import { classedFields, fieldChanges, fieldWords, keylessLists } from "./field-changes.ts";
import { capacity, identity, key, note, promise, redundancy, trust } from "./field-class.ts";

test.each(allKinds.map(({ key: of, inputs }) => [of, inputs] as const))(
  "%s: every field has a class, and items of lists are told apart by something",
  (_, inputs) => {
    expect(classedFields(inputs).filter(({ judged }) => judged === undefined)).toEqual([]);
    expect(keylessLists(inputs)).toEqual([]);
  },
);

test.each(Object.entries<FileKind>(fileKinds).filter(([, { judged }]) => judged === "itself"))(
  "%s: every field of a file that no component declares has a class, and what tells its items apart",
  (_, { schema }) => {
    expect(classedFields(schema).filter(({ judged }) => judged === undefined)).toEqual([]);
    expect(keylessLists(schema)).toEqual([]);
  },
);

test.each(Object.entries<FileKind>(fileKinds).filter(([, { judged }]) => judged === "declared"))(
  "%s: a file whose fields are judged as declared has no classes of its own, which nobody would ask",
  (_, { schema }) => expect(classedFields(schema).filter(({ judged }) => judged !== undefined)).toEqual([]),
);

const unclassed = z.strictObject({ name: key(text), added: text });

test("a field without a class is found, and judged as strictly as trust", () => {
  expect(classedFields(unclassed).filter(({ judged }) => judged === undefined)).toMatchObject([{ path: "added" }]);
  const [change] = fieldChanges(unclassed, { name: "a", added: "b" }, { name: "a", added: "c" });
  expect(change).toMatchObject({ path: "added", weaker: true, judged: { class: "trust" } });
});

const schema = z.strictObject({
  size: capacity(z.number()),
  load: promise(z.number(), { weaker: "more" }),
  share: promise(z.number(), { weaker: "any" }),
  flag: promise(z.boolean()),
  left: promise(z.array(z.string()), { weaker: "more" }).exactOptional(),
  level: promise(z.string(), { weaker: ["low", "high"] }).exactOptional(),
  leaving: redundancy(z.boolean(), { weaker: "more" }).exactOptional(),
  list: promise(z.array(text)),
  partner: redundancy(text).exactOptional(),
  address: identity(text).exactOptional(),
  way: trust(z.strictObject({ to: text, key: text.exactOptional() })).exactOptional(),
  words: note(text),
  links: redundancy(z.array(z.strictObject({ port: key(text), to: text }))),
});
const link = (port: string, to: string) => ({ port, to });
const valid = {
  ...{
    size: 2,
    load: 2,
    share: 2,
    flag: true,
    list: ["a", "b"],
    partner: "p",
    address: "x",
    words: "w",
    left: ["one"],
    level: "high",
  },
  way: { to: "here", key: "k" },
  links: [link("e0", "s0"), link("e1", "s1")],
};
const less = (change: object, was: object = valid) =>
  fieldChanges(schema, was, { ...valid, ...change }).flatMap((each) => (each.weaker ? [fieldWords(each)] : []));

test.each<[what: string, change: object, weaker: readonly string[]]>([
  ["a smaller number", { size: 1 }, ["size 2 to 1"]],
  ["a larger number", { size: 3 }, []],
  ["more where more is weaker", { load: 3 }, ["load 2 to 3"]],
  ["less where more is weaker", { load: 1 }, []],
  ["any other share", { share: 3 }, ["share 2 to 3"]],
  ["a flag that is no longer set", { flag: false }, ["flag removed"]],
  ["a list with an item where more is weaker", { left: ["one", "two"] }, ["left now includes two"]],
  ["a list without an item where more is weaker", { left: [] }, []],
  ["a text that is weaker in its order", { level: "low" }, ["level high to low"]],
  ["a text that is not there any more, of those with an order", { level: undefined }, ["level high to none"]],
  ["a flag that is set where that is weaker", { leaving: true }, ["leaving none to true"]],
  ["a lost item", { list: ["b", "c"] }, ["list no longer includes a and now includes c"]],
  ["a further item", { list: ["a", "b", "c"] }, []],
  ["another partner", { partner: "q" }, ["partner p to q"]],
  ["another text", { words: "other" }, []],
  ["another key", { way: { to: "here", key: "other" } }, ["way key k to other"]],
  ["no key", { way: { to: "here" } }, ["way key k to none"]],
  ["links in another order", { links: valid.links.toReversed() }, []],
  ["a link to another place", { links: [link("e0", "s9"), link("e1", "s1")] }, ["links e0 target s0 to s9"]],
  ["a link in another port", { links: [link("e9", "s0"), link("e1", "s1")] }, ["links e0 removed"]],
  ["a further link", { links: [...valid.links, link("e2", "s2")] }, []],
  ["no link", { links: [] }, ["links e0 removed", "links e1 removed"]],
])("%s", (_, change, weaker) => expect(less(change)).toEqual(weaker));

test("who is trusted from now on is judged like any other, unless an older release could not say it", () => {
  const { way: _, ...without } = valid;
  expect(less({}, without)).toEqual(["way target none to here", "way key none to k"]);
  const later = z.strictObject({ way: trust(z.strictObject({ to: text }), { later: true }).exactOptional() });
  expect(fieldChanges(later, {}, { way: { to: "here" } })).toMatchObject([{ path: "way.to", weaker: false }]);
});

test("a promise that an older release could not make is none less when it comes", () => {
  const days = promise(number, { weaker: "more", later: true }).exactOptional();
  const changes = (was: object, is: object) =>
    fieldChanges(z.strictObject({ days }), was, is).map(({ weaker }) => weaker);
  expect([changes({}, { days: 30 }), changes({ days: 30 }, { days: 40 }), changes({ days: 30 }, {})]).toEqual([
    [false],
    [true],
    [true],
  ]);
});

test("a value that no message may show is never in the words of its change", () => {
  const schema = z.strictObject({
    passwordHash: trust(secret).exactOptional(),
    passwords: trust(z.record(text, secret)).exactOptional(),
  });
  const [none, one, other] = [
    {},
    { passwordHash: "$y$1", passwords: { kim: "$y$2" } },
    { passwordHash: "$y$3", passwords: { kim: "$y$4" } },
  ];
  const words = [
    [none, one],
    [one, other],
    [other, none],
  ].map(([was, is]) => fieldChanges(schema, was, is).map(fieldWords));
  expect(words.map(([hash]) => hash)).toEqual([
    "password hash added",
    "password hash changed",
    "password hash removed",
  ]);
  expect(JSON.stringify(words)).not.toContain("$y$");
});

test("a flag whose setting is weaker takes nothing away when it goes", () => {
  const left = { ...valid, leaving: true };
  expect(less({ leaving: false }, left)).toEqual([]);
  expect(less({}, left)).toEqual([]);
});

test("what was not there takes nothing away when it comes", () => {
  const { partner: _, address: __, way: ___, ...without } = valid;
  expect(less({}, { ...without, way: valid.way })).toEqual([]);
  expect(less({}, { ...valid, way: { to: "here" } })).toEqual(["way key none to k"]);
});
