import type { Source } from "../../components/registry/bundle/own-files.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Key, Kind } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";

const keys: Readonly<Record<Source, Key>> = {
  account: "accounts",
  addresses: "addresses",
  servers: "httpServers",
  services: "services",
};

/**
 * Says of which accounts something differs, by what an owner's parts are taken from. Whatever is in no change is the same on both sides, so
 * what follows from it need not be compared. Only for owners of the two declarations that the changes are between.
 */
export function changedAccounts(
  changes: {
    readonly [K in Key]: readonly Change<K>[];
  },
): (account: number, source: Source) => boolean {
  const numbers = Object.fromEntries(
    Object.entries(keys).map(([source, key]) => {
      const { accountOf } = kinds[key] as Kind;
      const sides = (changes[key] as readonly Change[]).flatMap(({ before, after }) =>
        [before ?? [], after ?? []].flat(),
      );
      return [source, new Set(sides.map((element) => accountOf!(element)))];
    }),
  ) as Record<Source, Set<number>>;
  return (account, source) => numbers[source].has(account);
}
