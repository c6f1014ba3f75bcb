import * as pulumi from "@pulumi/pulumi";
import type { DeliveredRouter } from "../components/network/router-systems/delivered-routers.ts";
import type { RouterPlan } from "../components/network/router-systems/router-plan.ts";
import type { HostBootstrap } from "./bootstrap.ts";
import { type Connection, deliveryCommands, type HeldCommands, type Report } from "./commands.ts";
import { resourceName, routerDeliveryType } from "./protocol/resources.ts";
import { renderRouterBundle, routerDelivery, takesOf } from "./render-router-bundle.ts";

export interface RouterDeliveryArgs {
  readonly router: DeliveredRouter;
  readonly plan: RouterPlan;
  readonly connection: Connection;
  readonly bootstrap: HostBootstrap;
  /** What the stack holds of the router's commands. */
  readonly heldCommands: HeldCommands;
  /** Number of repairs requested for this router. When it is raised, both commands run again although nothing else changed. */
  readonly repair: number;
  /** Whether the state keeps what the router takes, for the stacks of cells. */
  readonly keepsTakes: boolean;
  /** Whether the router waits for the stacks of cells: nothing is sent, and all stays as the state has it. */
  readonly waits: boolean;
  /** What it waits for: other routers and hosts, in the order of a deploy. */
  readonly after: readonly pulumi.Resource[];
}

/**
 * Delivers its bundle to one router, as `HostDelivery` does to a host, without secrets and accounts.
 * Deleting it contacts nobody: the router goes on with what it has.
 */
export class RouterDelivery extends pulumi.ComponentResource {
  /** The last report of the applier: result, generation, errors. */
  declare readonly report: pulumi.Output<Report>;
  /** When this resource is there, the router has its bundle, and its sessions are as before. */
  readonly end: pulumi.Resource;

  constructor(args: RouterDeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    const { router, bootstrap, repair, connection, heldCommands } = args;
    const bundle = renderRouterBundle(router, args.plan);
    const shown = {
      router: router.name,
      digest: bundle.digest,
      applier: bootstrap.digest,
      packages: bootstrap.packages,
      repair,
    };
    const untouched = (inputs: object) => (args.waits ? { ignoreChanges: Object.keys(inputs) } : {});
    super(routerDeliveryType, resourceName(router.name, "delivery"), shown, { ...opts, ...untouched(shown) });
    const { report, apply } = deliveryCommands({
      machine: router.name,
      ...{ connection, bootstrap, heldCommands, isKept: true, parent: this, after: args.after },
      delivery: routerDelivery(bundle, repair, args.keepsTakes ? takesOf(args.plan) : undefined),
      options: untouched,
    });
    this.report = report;
    this.end = apply;
    this.registerOutputs({ ...shown, report: this.report });
  }
}
