import type { DeliveredRouter } from "../components/network/router-systems/delivered-routers.ts";
import type { RouterPlan } from "../components/network/router-systems/router-plan.ts";
import { inOrder } from "../lib/in-order.ts";
import type { Bundle, Delivery } from "./protocol/bundle.ts";
import { encodeBundle, sealBundle, sealGroup } from "./protocol/digest.ts";

/** Every file and unit that one router must have: the host's part of a bundle alone, since it has no accounts. Pure. */
export function renderRouterBundle({ name, system }: DeliveredRouter, plan: RouterPlan): Bundle {
  const { files, units } = system.bundle(plan);
  return sealBundle(name, { host: sealGroup({ files: inOrder(files, ({ path }) => path), units }) });
}

/** Standard input of `fairhost-host apply` on a router: one JSON document. It has no secret. */
export function routerDelivery(bundle: Bundle, repair = 0): string {
  return JSON.stringify({ bundle: encodeBundle(bundle), repair } satisfies Delivery);
}
