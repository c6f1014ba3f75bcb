import * as pulumi from "@pulumi/pulumi";
import type { RouterInputs } from "../../registry/kinds.generated.ts";

/** A router of a site. Its configuration is rendered (components/network/router-systems/router-plan.ts), and delivered if it has `ssh` (delivery/router-delivery.ts); the rules judge its place, power and links. */
export class Router extends pulumi.ComponentResource {
  readonly address: string;

  constructor(name: string, args: RouterInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:Router", name, args, opts);
    this.address = args.address;
    this.registerOutputs(args);
  }
}
