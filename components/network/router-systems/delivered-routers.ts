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

/** All Debian packages of a router, sorted. */
export function packagesOf({ system }: Pick<DeliveredRouter, "system">): readonly string[] {
  return [...debianPackages, ...system.packages].sort();
}
