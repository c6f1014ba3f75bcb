import * as pulumi from "@pulumi/pulumi";
import type { SiteInputs } from "../registry/kinds.generated.ts";

/** A site: its provider, location, halls, racks, electrical chains and spare parts. */
export class Site extends pulumi.ComponentResource {
  readonly provider: string;
  readonly prefix: string;

  constructor(name: string, args: SiteInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:datacenter:Datacenter", name, args, opts);
    this.provider = args.provider;
    this.prefix = args.prefix;
    this.registerOutputs(args);
  }
}
