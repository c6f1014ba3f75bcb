import type { Declaration, RegisterInputs } from "../../components/declaration.ts";
import { canonicalPrefix } from "../../components/schema.ts";
import { sortBy } from "../../lib/lists.ts";
import type { Fleet } from "../schemas/index.ts";

/** One thing that a stack has from its last run. */
export interface Held {
  readonly kind: "account" | "host" | "router" | "switch" | "range" | "site";
  /** An account's number, a range's prefix, the name of anything else. */
  readonly name: string;
  readonly protect: boolean;
}

/** What a stack has that was brought up from a declaration. */
export function heldBy({ accounts, hosts, routers, switches, ranges, sites }: Declaration): Held[] {
  const all = (kind: Held["kind"], names: readonly string[]) => names.map((name) => ({ kind, name, protect: true }));
  const named = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  return [
    ...accounts.map(({ number, protect }) => ({ kind: "account" as const, name: String(number), protect })),
    ...all("host", named(hosts)),
    ...all("router", named(routers)),
    ...all("switch", named(switches)),
    ...all(
      "range",
      ranges.map(({ prefix }) => prefix),
    ),
    ...all("site", named(sites)),
  ];
}

/** What is taken for ever, and what of the stack's is neither in the fleet nor said to be gone. */
export function declareRegister(fleet: Fleet, held: readonly Held[]): RegisterInputs {
  const { network, sites, hosts, accounts, tombstones, retired } = fleet;
  const known = new Set([
    ...accounts.map(({ number }) => `account ${number}`),
    ...tombstones.map(({ number }) => `account ${number}`),
    ...retired.map(({ kind, name }) => `${kind} ${name}`),
    ...hosts.map(({ name }) => `host ${name}`),
    ...network.routers.map(({ name }) => `router ${name}`),
    ...network.switches.map(({ name }) => `switch ${name}`),
    ...sites.map(({ name }) => `site ${name}`),
    ...[...network.prefixes, ...sites.map(({ prefix }) => prefix)].map((prefix) => `range ${canonicalPrefix(prefix)}`),
    ...[...network.prefixes4, ...sites.flatMap(({ prefix4 }) => prefix4 ?? [])].map((prefix) => `range ${prefix}`),
  ]);
  const vanished = held.filter(({ kind, name }) => !known.has(`${kind} ${name}`));
  return {
    tombstones: tombstones.map(({ number }) => number),
    retired: retired.map(({ kind, name }) => `${kind} ${name}`).sort(),
    vanished: sortBy(vanished, ({ kind, name }) => `${kind} ${name}`).map(({ kind, name, protect }) => {
      return { kind, name, protect };
    }),
  };
}
