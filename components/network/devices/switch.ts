import * as pulumi from "@pulumi/pulumi";
import type { SwitchInputs } from "../../registry/kinds.generated.ts";

/** A switch of a site, with its uplinks to the site's routers. */
export class Switch extends pulumi.ComponentResource {
  readonly site: string;

  constructor(name: string, args: SwitchInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:Switch", name, args, opts);
    this.site = args.site;
    this.registerOutputs(args);
  }
}
