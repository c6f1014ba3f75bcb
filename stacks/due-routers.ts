import { listed } from "../lib/text/text.ts";
import type { InForce, Prefixes } from "./in-force.ts";

/** A router that deploys deliver to, and what it is to take from the hosts of its site. */
export interface PlannedRouter {
  readonly name: string;
  readonly site: string;
  readonly takes: Prefixes;
}

/** Routers to which something may be delivered now, and why others wait. */
export interface DueRouters {
  readonly due: ReadonlySet<string>;
  /** A sentence for each site whose routers wait. */
  readonly waits: readonly string[];
}

const none: ReadonlySet<string> = new Set();

/**
 * Routers to which the stack of routers may deliver while cells are deployed one after the other, in the order of their turns. Whatever a
 * host announces, some router of its site takes:
 * - While each host of a site announces what is declared, every router of the site is due, in turns.
 * - Otherwise one of them is due, so that hosts can begin to announce what is new. The others still take what hosts announce until they are deployed.
 *   It is the one that knows what is declared already, or the first that takes nothing that hosts announce and no other router takes.
 * - A site with one router has no choice.
 * @param siteOf site of each host that is declared or held by a cell's stack; without lost hosts, which announce nothing
 * @param whose words for a host and its stack
 */
export function dueRouters(
  routers: readonly PlannedRouter[],
  { announced, taken }: InForce,
  siteOf: ReadonlyMap<string, string>,
  whose: (host: string) => string,
): DueRouters {
  const due = new Set<string>();
  const waits: string[] = [];
  for (const [site, ofSite] of Map.groupBy(routers, (router) => router.site)) {
    const hosts = [...siteOf].flatMap(([host, its]) => (its === site ? host : [])).sort();
    // All routers of a site are to take the same.
    const planned = (host: string) => ofSite[0]!.takes.get(host) ?? none;
    const late = hosts.filter((host) => !isSame(announced.get(host) ?? none, planned(host)));
    if (late.length === 0 || ofSite.length === 1) {
      for (const { name } of ofSite) due.add(name);
      continue;
    }
    const takes = (router: string, host: string) => taken.get(router)?.get(host) ?? none;
    const knows = ({ name }: PlannedRouter) => hosts.every((host) => isSame(takes(name, host), planned(host)));
    const harmless = ({ name }: PlannedRouter) =>
      late.every((host) =>
        [...(announced.get(host) ?? none)].every(
          (prefix) =>
            planned(host).has(prefix) ||
            !takes(name, host).has(prefix) ||
            ofSite.some((other) => other.name !== name && takes(other.name, host).has(prefix)),
        ),
      );
    const one = ofSite.find(knows) ?? ofSite.find(harmless);
    const others = listed(ofSite.flatMap(({ name }) => (name === one?.name ? [] : name)));
    if (one) due.add(one.name);
    waits.push(
      one
        ? `${others} of site ${site} ${ofSite.length > 2 ? "wait and keep what they have" : "waits and keeps what it has"}: ${listed(late.map(whose))} ${late.length > 1 ? "do" : "does"} not announce yet what is declared. Deploy what lacks, then this stack again.`
        : `${others} of site ${site} wait: each alone takes something that a host announces and is not to announce. Deploy the inventory that ${listed(late.map(whose))} had last, with this stack first, and then go on.`,
    );
  }
  return { due, waits };
}

/**
 * What hosts of a cell would announce from now on, and no router of their site takes: in words, one line a host.
 * @param reached names and sites of the routers that deploys deliver to
 */
export function untaken(
  hosts: readonly { readonly name: string; readonly site: string; readonly prefixes: ReadonlySet<string> }[],
  { announced, taken }: InForce,
  reached: readonly { readonly name: string; readonly site: string }[],
): string[] {
  return hosts.flatMap(({ name, site, prefixes }) => {
    const routers = reached.filter((router) => router.site === site);
    if (routers.length === 0) return [];
    const fresh = [...prefixes].filter(
      (prefix) =>
        !announced.get(name)?.has(prefix) && !routers.some((router) => taken.get(router.name)?.get(name)?.has(prefix)),
    );
    return fresh.length === 0
      ? []
      : `${name} would announce ${listed(fresh)}, which ${listed(routers.map((router) => router.name))} ${routers.length > 1 ? "do" : "does"} not take`;
  });
}

function isSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((each) => other.has(each));
}
