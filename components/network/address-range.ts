import * as pulumi from "@pulumi/pulumi";
import type { AddressRangeInputs } from "../registry/kinds.generated.ts";

/** An owned address range, or a site's part of one. */
export class AddressRange extends pulumi.ComponentResource {
  readonly prefix: string;

  constructor(name: string, args: AddressRangeInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:AddressRange", name, args, opts);
    this.prefix = args.prefix;
    this.registerOutputs(args);
  }
}
