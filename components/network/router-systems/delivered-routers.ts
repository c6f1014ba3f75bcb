import { inOrder } from "../../../lib/in-order.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { debianPackages } from "./debian-router.ts";
import type { DeliveredSystem } from "./router-system.ts";
import { routerSystems } from "./router-systems.generated.ts";

/** A router whose files the applier brings into force. */
export interface DeliveredRouter {
  readonly name: string;
  readonly manufacturer: string;
  readonly system: DeliveredSystem;
}

/** Routers of makers whose files the applier brings into force: those that run Debian. */
export function deliveredRouters({ routers }: Pick<Declaration, "routers">): DeliveredRouter[] {
  return routers.flatMap(({ name, manufacturer }) => {
    const system = routerSystems.find((each) => each.manufacturer === manufacturer)?.delivered;
    return system === undefined ? [] : [{ name, manufacturer, system }];
  });
}

/**
 * Routers that deploys deliver to, those with `ssh`, in turns. The first turn has one router of each site and comes before the hosts, so
 * that what their accounts announce from now on is taken; each further one has at most one of each site, and comes after the hosts, so that
 * what they announce until then is taken.
 */
export function routerTurns(declaration: Pick<Declaration, "routers">): DeliveredRouter[][] {
  const siteOf = new Map(declaration.routers.flatMap(({ name, site, ssh }) => (ssh ? [[name, site]] : [])));
  const reached = deliveredRouters(declaration).filter(({ name }) => siteOf.has(name));
  const ofSites = [
    ...Map.groupBy(
      inOrder(reached, ({ name }) => name),
      ({ name }) => siteOf.get(name),
    ).values(),
  ];
  const turns = Math.max(0, ...ofSites.map(({ length }) => length));
  return Array.from({ length: turns }, (_, turn) => ofSites.flatMap((routers) => routers[turn] ?? []));
}

/** Names of all that deploys deliver to: hosts, and routers with `ssh`. */
export function reachedNames(declaration: Pick<Declaration, "hosts" | "routers">): string[] {
  return [...declaration.hosts, ...routerTurns(declaration).flat()].map(({ name }) => name);
}

/** All Debian packages of a router, sorted. */
export function packagesOf({ system }: Pick<DeliveredRouter, "system">): readonly string[] {
  return [...debianPackages, ...system.packages].sort();
}
