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
