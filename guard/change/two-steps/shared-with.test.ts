import fc from "fast-check";
import { expect, test } from "vitest";
import type { Element } from "../../../components/registry/kind.ts";
import { declarationFixture } from "../../../testing/fixtures/fixture.ts";
import { changesBetween, keys } from "../diff.ts";
import { sharedWith } from "./shared-with.ts";

const valid = declarationFixture({ hosts: 4, accounts: 8 });
const part = fc.record(
  Object.fromEntries(keys.map((kind) => [kind, fc.shuffledSubarray([...(valid[kind] as readonly Element[])])])),
) as fc.Arbitrary<typeof valid>;

test("it is the same declaration, with what both have held once", () => {
  fc.assert(
    fc.property(part, fc.nat({ max: 9 }), (some, tasks) => {
      const copy = structuredClone(some);
      const changed = {
        ...copy,
        accounts: copy.accounts.map((each) => ({ ...each, limits: { ...each.limits, tasksMax: tasks } })),
      };
      const shared = sharedWith(valid, changed);
      expect(shared).toStrictEqual(changed);
      expect(changesBetween(valid, shared)).toEqual(changesBetween(valid, changed));
      for (const key of keys) {
        if (key === "accounts") continue;
        for (const element of shared[key]) expect(valid[key]).toContain(element);
      }
    }),
    { numRuns: 20 },
  );
  for (const key of keys) expect(sharedWith(valid, structuredClone(valid))[key]).toBe(valid[key]);
});
