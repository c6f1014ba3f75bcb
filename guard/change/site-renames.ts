import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../components/registry/change.ts";
import type { SiteInputs } from "../../components/registry/kinds.generated.ts";

type Hall = SiteInputs["halls"][number];

/** Elements of the old side as they would read with the new side's names of halls and chains. */
export interface Renames {
  /** Of what stands in a hall. */
  element<E extends object>(element: E): E;
  /** Of a site itself. */
  halls(site: SiteInputs): readonly Hall[];
}

/**
 * What only got another name at the sites: a chain that stays on its feed, a hall that keeps its racks and its chains' feeds. Whatever refers
 * to it changes too, but nobody works on it.
 */
export function siteRenames(sites: readonly Change<"sites">[]): Renames {
  const halls = new Map<string, { readonly name: string; readonly chains: ReadonlyMap<string, string> }>();
  for (const change of sites) {
    if (change.op !== "update") continue;
    const { before, after } = change;
    const come = pairsOf(before.halls, after.halls, isSameHall);
    for (const was of before.halls) {
      const is = after.halls.find(({ name }) => name === was.name) ?? come.get(was);
      if (is === undefined) continue;
      const chains = pairsOf(was.chains, is.chains, (one, other) => one.feed === other.feed);
      const names = [...chains].map(([one, other]) => [one.name, other.name] as const);
      halls.set(`${after.name} ${was.name}`, { name: is.name, chains: new Map(names) });
    }
  }
  const chainIn = (found: { readonly chains: ReadonlyMap<string, string> } | undefined, chain: string) =>
    found?.chains.get(chain) ?? chain;
  return {
    element: (element) => {
      const { site, hall, powerSupplies } = element as Standing;
      const found = halls.get(`${site} ${hall}`);
      if (found === undefined) return element;
      const supplies = powerSupplies?.map((each) => ({ ...each, chain: chainIn(found, each.chain) }));
      return { ...element, hall: found.name, ...(supplies && { powerSupplies: supplies }) };
    },
    halls: (site) =>
      site.halls.map((hall) => {
        const found = halls.get(`${site.name} ${hall.name}`);
        const chains = hall.chains.map((chain) => ({ ...chain, name: chainIn(found, chain.name) }));
        return { ...hall, name: found?.name ?? hall.name, chains };
      }),
  };
}

/** What of an element that stands somewhere has a name of a hall or chain. */
interface Standing {
  readonly site?: string;
  readonly hall?: string;
  readonly powerSupplies?: readonly { readonly chain: string }[];
}

function isSameHall(one: Hall, other: Hall): boolean {
  const feeds = ({ chains }: Hall) => chains.map(({ feed }) => feed);
  return isDeepStrictEqual([one.racks, feeds(one)], [other.racks, feeds(other)]);
}

/** Things whose names are gone, each with the one in the same order whose name is new, if it is the same otherwise. */
function pairsOf<T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
  isSame: (one: T, other: T) => boolean,
): ReadonlyMap<T, T> {
  const without = (list: readonly T[], others: readonly T[]) => {
    const names = new Set(others.map(({ name }) => name));
    return list.filter(({ name }) => !names.has(name));
  };
  const [gone, come] = [without(before, after), without(after, before)];
  const pairs = gone.flatMap((was, index) =>
    come[index] && isSame(was, come[index]) ? [[was, come[index]] as const] : [],
  );
  return new Map(gone.length === come.length ? pairs : []);
}
