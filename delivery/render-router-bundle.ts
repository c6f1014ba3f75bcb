import { type DeliveredRouter, routerTurns } from "../components/network/router-systems/delivered-routers.ts";
import { type RouterPlan, routerPlans } from "../components/network/router-systems/router-plan.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { inOrder } from "../lib/in-order.ts";
import { byKey } from "../lib/lists.ts";
import { once } from "../lib/once.ts";
import type { Bundle, Delivery } from "./protocol/bundle.ts";
import { encodeBundle, sealBundle, sealGroup } from "./protocol/digest.ts";

/** Every file and unit that one router must have: the host's part of a bundle alone, since it has no accounts. Pure. */
export function renderRouterBundle({ name, system }: DeliveredRouter, plan: RouterPlan): Bundle {
  const { files, units } = system.bundle(plan);
  return sealBundle(name, { host: sealGroup({ files: inOrder(files, ({ path }) => path), units }) });
}

/**
 * The bundle of every router that deploys deliver to, by name.
 * @throws RangeError if the declaration is incomplete, as that of a state can be
 * @throws UserError if two routers would have the same identifier, or one has none
 */
export const routerBundles = once((declaration: Declaration): ReadonlyMap<string, Bundle> => {
  const routers = routerTurns(declaration).flat();
  if (routers.length === 0) return new Map();
  const plans = byKey(routerPlans(declaration), ({ name }) => name);
  return new Map(
    routers.flatMap((router) => {
      const plan = plans.get(router.name);
      return plan === undefined ? [] : [[router.name, renderRouterBundle(router, plan)]];
    }),
  );
});

/** Standard input of `fairhost-host apply` on a router: one JSON document. It has no secret. */
export function routerDelivery(bundle: Bundle, repair = 0, takes?: Delivery["takes"]): string {
  return JSON.stringify({ bundle: encodeBundle(bundle), ...(takes && { takes }), repair } satisfies Delivery);
}

/** What a router takes from each host of its site. */
export function takesOf({ hosts }: RouterPlan): NonNullable<Delivery["takes"]> {
  return Object.fromEntries(hosts.map(({ name, prefixes }) => [name, prefixes]));
}
