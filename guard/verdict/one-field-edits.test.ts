import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { bare } from "../../components/registry/fields/bare.ts";
import { fieldChanges } from "../../components/registry/fields/field-changes.ts";
import { objectsOf } from "../../components/registry/fields/schema-walk.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { declare, heldBy } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { judgeDeclaration } from "../../policies/check-declaration.ts";
import { corpusToday as today } from "../../testing/corpus/corpus.ts";
import { fullFleet } from "../../testing/fixtures/full-fleet.ts";
import { leavesOf } from "../../testing/recording.ts";
import { fileChanges } from "../change/effects/file-changes.ts";
import { sideOf } from "../change/side.ts";
import { review } from "./review.ts";

/**
 * Each field of each file of the example fleet, with all that it leaves out added, changed once. Generated from the files' schemas, so a
 * new field is here without being listed. The golden file has for each edit its verdict and the classes by which it is judged; each line
 * is to be read in a review, those that say `safe` above all.
 */
const fleet = fullFleet((await loadFleet(join(import.meta.dirname, "../../inventory/prod"))).fleet);
const old = declare(fleet);
const held = heldBy(old);

type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly value: unknown;
  readonly schema: z.ZodType;
}

/** Places of a schema's fields in data: the first item of each list that has it. */
function* placesOf(schema: z.ZodType, data: unknown, at: Path): Generator<Place> {
  const inner = bare(schema);
  if (Array.isArray(data) && "element" in inner) {
    const item = inner.element as z.ZodType;
    if (objectsOf(item).length === 0) yield { path: at, value: data, schema };
    else for (const [index, each] of data.entries()) yield* placesOf(item, each, [...at, index]);
  } else if (objectsOf(inner).length > 0 && data !== null && typeof data === "object") {
    // Of a union, the branch that the data is of.
    const own = objectsOf(inner).find((each) => each.safeParse(data).success) ?? objectsOf(inner)[0]!;
    for (const [key, member] of Object.entries(own.shape))
      yield* placesOf(member as z.ZodType, Reflect.get(data, key), [...at, key]);
  } else if (data !== undefined) yield { path: at, value: data, schema };
}

/** `accounts.*.httpServers.*(php).root`: an item of a kind has the fields of that kind. */
function general(path: Path): string {
  const steps = path.map((step, index) => {
    if (typeof step !== "number") return step;
    const item = path.slice(0, index + 1).reduce<unknown>((inner, each) => Reflect.get(inner as object, each), fleet);
    const kind = path[index - 1] === "httpServers" ? `(${Reflect.get(item as object, "kind")})` : "";
    return `*${kind}`;
  });
  return steps.join(".");
}

/** Other values that the loader takes, each with what it is; of a number both directions, because one of them is the weaker. Of a flag there is one: {@link judged} takes it back too. */
function others({ value, schema }: Place): (readonly [what: string, unknown])[] {
  const made = (): (readonly [string, unknown])[] => {
    const side = (each: unknown) =>
      typeof value !== "number" || typeof each !== "number" ? `= ${each}` : each > value ? "more" : "less";
    if (fixedValues(schema).length > 0) return fixedValues(schema).map((each) => [side(each), each] as const);
    if (typeof value === "number") {
      const taken = (steps: readonly number[]) => steps.find((step) => bare(schema).safeParse(step).success);
      return [
        ["more", taken([value + 1, 20, 32, 60].filter((step) => step > value))],
        ["less", taken([value - 1, 3, 1, 10].filter((step) => step < value))],
      ];
    }
    if (typeof value === "boolean") return [[value ? "off" : "on", !value]];
    if (Array.isArray(value)) {
      const further = [
        `${value[0]}x`,
        "ruby",
        "2a00:b6e1::/32",
        "198.18.0.0/24",
        "ssh",
        "Thu",
        "A_KEY",
        "942110 /c",
      ].map((item) => [...value, item]);
      return [
        ["more", further.find((each) => schema.safeParse(each).success) ?? value],
        ["less", value.slice(1)],
      ];
    }
    if (typeof value !== "string") {
      const further = [{ ADDED_NAME: "x" }, { memory_limit: "64M" }, { Link: "x" }, { jo: `$2b$05$${"b".repeat(53)}` }];
      const entries = Object.entries(value as Readonly<Record<string, unknown>>);
      return [
        ...further.map((one) => ["more", { ...(value as object), ...one }] as const),
        ...entries.slice(0, 1).flatMap(([key, own]) => [
          ["less", Object.fromEntries(entries.slice(1))] as const,
          // Of these a hash of bcrypt can end with the second alone.
          ...["9", "b"].map(
            (end) => ["another", { ...(value as object), [key]: `${own}`.replace(/.$/, end) }] as const,
          ),
        ]),
      ];
    }
    const tries = [
      `${value}x`,
      value.replace(/.$/, "9"),
      value.replace(/.$/, "8"),
      "2a00:b6e0:900::/40",
      "US",
      "SIGUSR1",
    ];
    return [
      ...tries,
      "Asia/Tokyo",
      "04:30",
      "account 1002",
      "hot-swap-ssds",
      "host par2-web3",
      "disks.1",
      "shop.asgi:app",
      "route53",
    ].map((each) => ["", each] as const);
  };
  const valid = made().filter(
    ([, each]) =>
      each !== undefined && JSON.stringify(each) !== JSON.stringify(value) && schema.safeParse(each).success,
  );
  return typeof value === "string" && fixedValues(schema).length === 0 ? valid.slice(0, 1) : valid;
}

/** The values that a field can have, if they are listed. */
function fixedValues(schema: z.ZodType): readonly unknown[] {
  const inner = bare(schema);
  return inner instanceof z.ZodLiteral ? [...inner.values] : inner instanceof z.ZodEnum ? inner.options : [];
}

function edited(data: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  const copy = Array.isArray(data) ? [...data] : { ...(data as object) };
  Reflect.set(copy, step, edited(Reflect.get(copy, step), rest, value));
  return copy;
}

const nothing = "nothing differs";

/** What the guard says of one edit, or of taking it back, and the classes of what differs; what the loader or the program refuses is no change. */
function judged(
  path: Path,
  value: unknown,
  { back = false, mayBeDefault = false, from = fleet } = {},
): string | undefined {
  const other = edited(from, path, value) as Fleet;
  const [last, next] = back ? [other, from] : [from, other];
  let before: ReturnType<typeof declare>;
  let after: ReturnType<typeof declare>;
  try {
    before = last === fleet ? old : declare(last);
    after = declare(next, { held: last === fleet ? held : heldBy(before) });
  } catch {
    return undefined;
  }
  const files = fileChanges(last, next);
  // A default may be what was there; the golden file shows of which fields.
  if (mayBeDefault && files.notices.length + files.findings.length === 0 && isDeepStrictEqual(before, after))
    return nothing;
  const { level, effects, findings, changes } = review({
    ...{
      before: sideOf(before),
      after: sideOf(after),
      approvals: [],
      limits: last.limits,
      today,
      also: files.findings,
    },
  });
  expect([...effects, ...findings, ...files.notices], `${path.join(".")} is said in words`).not.toEqual([]);
  const [key] = path as [FileKey];
  const { schema, judged: by }: FileKind = fileKinds[key];
  const own = by === "itself" ? fieldChanges(schema, last[key], next[key]) : [];
  const declared = changes.flatMap((change) =>
    change.op === "update" ? fieldChanges((kinds[change.kind] as Kind).inputs, change.before, change.after) : [],
  );
  const classes = new Set([...own, ...declared].map((change) => change.judged.class));
  return `${level}: ${[...classes].sort().join(", ") || "another thing"}`;
}

/**
 * Why the lines with `safe` are right: `more` of what accounts or the fleet have takes nothing away; names, makers, cities and dates of
 * deletions are texts; HTTP servers, services and scheduled tasks are their account owner's, and all of it is said; `less` overcommit and
 * smaller limits of an update keep more of a promise; a flag is safe in the direction that protects more, or in which work on a router or
 * an operator's lines ends. An approval is judged where something uses it, a waiver's owner and reason are texts.
 */

/*
 * Of what goes and comes, `safe` is right too: services, tasks, users and HTTP servers are their account owner's; an own limit that goes is
 * safe because the plan's is larger; what comes adds redundancy, promises or room. Where a host says what its fleet says, its field goes and comes with another value: with the same one
 * nothing differs.
 */

test("the fleet with everything is sound", () => {
  expect(judgeDeclaration(old, today).violations).toEqual([]);
});

/** Fields that may be missing, and items of lists of objects: the first of each name that the data has. */
function* removable(schema: z.ZodType, data: unknown, at: Path): Generator<Place> {
  const inner = bare(schema);
  if (Array.isArray(data) && "element" in inner) {
    const item = inner.element as z.ZodType;
    if (objectsOf(item).length === 0) return;
    for (const [index, each] of data.entries()) {
      yield { path: [...at, index], value: each, schema: item };
      yield* removable(item, each, [...at, index]);
    }
  } else if (objectsOf(inner).length > 0 && data !== null && typeof data === "object") {
    const own = objectsOf(inner).find((each) => each.safeParse(data).success) ?? objectsOf(inner)[0]!;
    for (const [key, member] of Object.entries(own.shape)) {
      const value: unknown = Reflect.get(data, key);
      if (value === undefined) continue;
      const place = { path: [...at, key], value, schema: member as z.ZodType };
      if (place.schema.safeParse(undefined).success) yield place;
      yield* removable(place.schema, value, place.path);
    }
  }
}

/** Without what a path leads to; what has a default is then as the loader gives it. */
function without(data: unknown, [step, ...rest]: Path): unknown {
  if (Array.isArray(data) && rest.length === 0) return data.toSpliced(step as number, 1);
  const copy = Array.isArray(data) ? [...data] : { ...(data as object) };
  if (rest.length === 0) Reflect.deleteProperty(copy, step!);
  else Reflect.set(copy, step!, without(Reflect.get(copy, step!), rest));
  return copy;
}

test("every field that may be missing, and every item of a list, is said and judged when it goes and when it comes", async () => {
  const levels = new Map<string, string>();
  for (const [key, { schema, path: folder }] of Object.entries<FileKind>(fileKinds)) {
    const isFolder = folder.endsWith("/");
    const entries = isFolder ? (fleet[key as FileKey] as readonly unknown[]) : [fleet[key as FileKey]];
    for (const [index, entry] of entries.entries()) {
      for (const place of removable(schema, entry, [])) {
        const at: Path = isFolder ? [key, index] : [key];
        const path = [...at, ...place.path];
        const name = general(path);
        if (levels.has(`${name} removed`)) continue;
        const parsed = schema.safeParse(without(entry, place.path));
        // What is not valid, and what its default puts back as it was, is no change.
        if (!parsed.success || isDeepStrictEqual(parsed.data, entry)) continue;
        const both = (from: Fleet) =>
          [false, true].map((back) => judged(at, parsed.data, { back, mayBeDefault: true, from }));
        let found = both(fleet);
        for (const [, other] of others(place)) {
          if (!found.includes(nothing)) break;
          found = both(edited(fleet, path, other) as Fleet);
        }
        const [gone, back] = found;
        if (gone) levels.set(`${name} removed`, gone);
        if (back) levels.set(`${name} added`, back);
      }
    }
  }
  expect(levels.size).toBeGreaterThan(100);
  expect([...levels.values()], "a field whose coming and going is not seen").not.toContain(nothing);
  const lines = [...levels].map(([name, found]) => `${found.padEnd(40)} ${name}`);
  await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot("removed-and-added.golden.txt");
}, 240_000);

/** Lists with two items or more that differ. */
function* lists(schema: z.ZodType, data: unknown, at: Path): Generator<Place> {
  const inner = bare(schema);
  if (Array.isArray(data) && "element" in inner) {
    if (!isDeepStrictEqual(data, data.toReversed())) yield { path: at, value: data, schema };
    for (const [index, each] of data.entries()) yield* lists(inner.element as z.ZodType, each, [...at, index]);
  } else if (objectsOf(inner).length > 0 && data !== null && typeof data === "object") {
    const own = objectsOf(inner).find((each) => each.safeParse(data).success) ?? objectsOf(inner)[0]!;
    for (const [key, member] of Object.entries(own.shape))
      yield* lists(member as z.ZodType, Reflect.get(data, key), [...at, key]);
  }
}

test("every list in another order is said and judged, where its order says something", async () => {
  const levels = new Map<string, string>();
  for (const [key, { schema, path: folder }] of Object.entries<FileKind>(fileKinds)) {
    const isFolder = folder.endsWith("/");
    const entries = isFolder ? (fleet[key as FileKey] as readonly unknown[]) : [fleet[key as FileKey]];
    for (const [index, entry] of entries.entries()) {
      for (const { path, value } of lists(schema, entry, isFolder ? [key, index] : [key])) {
        const name = general(path);
        if (levels.has(name)) continue;
        const found = judged(path, (value as readonly unknown[]).toReversed(), { mayBeDefault: true });
        if (found) levels.set(name, found);
      }
    }
  }
  expect(levels.size).toBeGreaterThan(20);
  const lines = [...levels].map(([name, found]) => `${found.padEnd(40)} ${name}`);
  await expect(`${lines.sort().join("\n")}\n`).toMatchFileSnapshot("reordered.golden.txt");
}, 240_000);

test("every field of every file is said in words and has a class, and what is safe is known", async () => {
  const levels = new Map<string, string>();
  const tried = new Set<string>();
  const because = new Map<string, string>();
  for (const [key, { schema, path: folder }] of Object.entries<FileKind>(fileKinds)) {
    const entries = folder.endsWith("/") ? (fleet[key as FileKey] as readonly unknown[]) : [fleet[key as FileKey]];
    for (const [index, entry] of entries.entries()) {
      const at: Path = folder.endsWith("/") ? [key, index] : [key];
      for (const place of placesOf(schema, entry, at)) {
        const name = general(place.path);
        if (levels.has(name)) continue;
        const edits = others(place);
        for (const [direction, other] of edits) {
          const level = judged(place.path, other);
          if (level) levels.set(`${name} ${direction}`.trim(), level);
          if (typeof other !== "boolean") continue;
          const taken = judged(place.path, other, { back: true });
          if (taken) levels.set(`${name} ${other ? "off" : "on"}`, taken);
        }
        const plain = name.replace(/\(\w+\)/, "");
        if (edits.length > 0) tried.add(plain);
        if (fixedValues(place.schema).length === 1) because.set(plain, "has one possible value where it stands");
        levels.set(name, levels.get(name) ?? "");
      }
    }
  }
  const all = Object.entries<FileKind>(fileKinds).flatMap(([key, { schema, path }]) => [
    ...leavesOf(schema, path.endsWith("/") ? `${key}.*` : key),
  ]);
  const untried = new Set(all.map(({ path }) => path.replace(/\.\*$/, "")).filter((path) => !tried.has(path)));
  expect([...untried].filter((path) => !because.has(path))).toEqual([]);
  const lines = [...levels].flatMap(([name, found]) => (found === "" ? [] : [`${found.padEnd(40)} ${name}`]));
  await expect(
    `${lines.sort().join("\n")}\nnot tried:\n${[...untried].map((path) => `${path}: ${because.get(path)}`).join("\n")}\n`,
  ).toMatchFileSnapshot("one-field-edits.golden.txt");
}, 240_000);
