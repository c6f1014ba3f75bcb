import fc from "fast-check";
import { expect, test } from "vitest";
import { touches } from "../../components/registry/change.ts";
import type { Element, Key } from "../../components/registry/kind.ts";
import { declarationFixture } from "../../testing/fixtures/fixture.ts";
import { changed } from "../../testing/test-rule.ts";
import { changesBetween, keys } from "./diff.ts";

const valid = declarationFixture({ hosts: 4, accounts: 8 });

/** Any sub-list of each kind, in any order. */
const part = fc.record(
  Object.fromEntries(keys.map((kind) => [kind, fc.shuffledSubarray([...(valid[kind] as readonly Element[])])])),
) as fc.Arbitrary<typeof valid>;

test("the order of a list is not a difference", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...valid.accounts], { minLength: valid.accounts.length }), (accounts) => {
      expect(changesBetween(valid, { ...valid, accounts })).toEqual([]);
    }),
  );
});

test("applying the changes to one side gives the other side, and the reverse gives the opposite changes", () => {
  fc.assert(
    fc.property(part, part, (before, after) => {
      const changes = changesBetween(before, after);
      for (const kind of keys) {
        const own = changes.filter((change) => change.kind === kind);
        const gone = new Set(own.map((change): unknown => change.before));
        const rest = (before[kind] as readonly Element[]).filter((element) => !gone.has(element));
        const rebuilt = [...rest, ...own.flatMap((change) => change.after ?? [])];
        expect(new Set(rebuilt)).toEqual(new Set(after[kind] as readonly Element[]));
      }
      const opposite = { create: "delete", delete: "create", update: "update" } as const;
      expect(changesBetween(after, before).map(({ subject, op }) => [subject, op])).toEqual(
        changes.map(({ subject, op }) => [subject, opposite[op]]),
      );
    }),
  );
});

test("names every property that differs, and only these", () => {
  const after = changed(valid, "hosts", 0, (host) => ({
    ...host,
    rack: "r9",
    disks: [host.disks[0]!, { ...host.disks[1]!, serial: "other" }, { ...host.disks[1]!, slot: "bay2" }],
  }));
  const [change, ...others] = changesBetween(valid, after);
  expect(others).toEqual([]);
  expect(change).toMatchObject({ kind: "hosts", op: "update", subject: { kind: "host", name: "h1" } });
  expect(change!.paths).toEqual(["rack", "disks.1.serial", "disks.2"]);
  expect([touches(change!, "disks"), touches(change!, "disk"), touches(change!, "rack")]).toEqual([true, false, true]);
});

test.each(keys)("sees created and deleted elements: %s", (kind: Key) => {
  const without = { ...valid, [kind]: [] };
  const ops = (changes: ReturnType<typeof changesBetween>) => changes.map((change) => [change.kind, change.op]);
  expect(ops(changesBetween(without, valid))).toEqual(valid[kind].map(() => [kind, "create"]));
  expect(ops(changesBetween(valid, without))).toEqual(valid[kind].map(() => [kind, "delete"]));
});

/** What {@link changesBetween} says of one kind, by looking up each element by its name. */
function slowly(before: readonly Element<"httpServers">[], after: readonly Element<"httpServers">[]): string[] {
  const nameOf = (each: Element<"httpServers">) => `${each.account}/${each.name}`;
  const [was, is] = [before, after].map((list) => new Map(list.map((each) => [nameOf(each), each])));
  const names = [...new Set([...was!.keys(), ...is!.keys()])];
  return names
    .flatMap((name) => {
      const [old, next] = [was!.get(name), is!.get(name)];
      if (old === undefined || next === undefined) return `${old === undefined ? "create" : "delete"} ${name} `;
      const differ = (["idleSeconds", "number"] as const).filter((key) => old[key] !== next[key]);
      return differ.length === 0 ? [] : `update ${name} ${differ.sort()}`;
    })
    .sort();
}

test("elements are found wherever they stand in their lists, and what differs in them is said", () => {
  const edits = fc.array(
    fc.record({ at: fc.nat(7), key: fc.constantFrom("idleSeconds", "number"), value: fc.nat(9) }),
    {
      maxLength: 3,
    },
  );
  const side = fc.tuple(
    fc.oneof(fc.subarray([...valid.httpServers]), fc.shuffledSubarray([...valid.httpServers])),
    edits,
  );
  const made = side.map(([list, some]) => {
    const copies = structuredClone(list) as (typeof list)[number][];
    for (const { at, key, value } of some) if (copies[at]) copies[at] = { ...copies[at], [key]: value };
    return copies;
  });
  fc.assert(
    fc.property(made, made, (before, after) => {
      const changes = changesBetween({ ...valid, httpServers: before }, { ...valid, httpServers: after });
      const said = changes.map(({ op, subject, paths }) => `${op} ${subject.name} ${paths.toSorted()}`);
      expect(said.sort()).toEqual(slowly(before, after));
    }),
    { numRuns: 500 },
  );
});
