import fc from "fast-check";
import { expect, test } from "vitest";
import { sides as recorded } from "../../components/registry/bundle/own-files.cases.ts";
import { otherParts, ownerOf } from "../../components/registry/bundle/own-files.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Element, Key } from "../../components/registry/kind.ts";
import { changedAccounts } from "./changed-accounts.ts";
import { changesBetween, keys } from "./diff.ts";

const valid = recorded[1]!;
const kinds = ["accounts", "addresses", "httpServers", "services"] as const;

/** One value of one element is that of another element of its kind, or the element is gone. */
const edit = fc.record({
  kind: fc.constantFrom(...kinds),
  picks: fc.array(fc.nat(997), { minLength: 4, maxLength: 4 }),
});

function edited(
  declaration: typeof valid,
  { kind, picks: [which, key, other, drop] }: { kind: (typeof kinds)[number]; picks: number[] },
): typeof valid {
  const list = declaration[kind] as readonly Element[];
  if (list.length === 0) return declaration;
  const at = which! % list.length;
  // Not an account: then all of it differs, whatever has changed.
  if (drop! % 7 === 0 && kind !== "accounts") return { ...declaration, [kind]: list.toSpliced(at, 1) };
  const element = list[at]!;
  const names = Object.keys(element);
  const name = names[key! % names.length]!;
  const value = Reflect.get(list[other! % list.length]!, name);
  return { ...declaration, [kind]: list.with(at, { ...element, [name]: value }) };
}

test("an owner's parts that are not compared, because nothing they are taken from has changed, are the same", () => {
  let differing = 0;
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), (edits, backwards) => {
      const other = edits.reduce(edited, structuredClone(valid) as typeof valid);
      const [before, after] = backwards ? [other, valid] : [valid, other];
      const of = Map.groupBy(changesBetween(before, after), ({ kind }) => kind);
      const changed = changedAccounts(
        Object.fromEntries(keys.map((kind) => [kind, of.get(kind) ?? []])) as unknown as { [K in Key]: Change<K>[] },
      );
      for (const { number } of valid.accounts) {
        const owners = [ownerOf(after, number), ownerOf(before, number)] as const;
        const all = otherParts(...owners);
        expect(otherParts(...owners, (source) => changed(number, source))).toEqual(all);
        differing += all.size;
      }
    }),
    { numRuns: 300, seed: 13 },
  );
  expect(differing).toBeGreaterThan(100);
});
