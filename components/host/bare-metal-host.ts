import * as pulumi from "@pulumi/pulumi";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";

/**
 * A bare-metal host: where it stands, what it is built of and what hangs on it. Its files are delivered by
 * `HostDelivery`; everything a policy needs is a plain input, registered as output too because stack policies see only outputs.
 */
export class BareMetalHost extends pulumi.ComponentResource {
  readonly site: string;
  readonly address: string;

  constructor(name: string, args: BareMetalHostInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:host:BareMetalHost", name, args, opts);
    this.site = args.site;
    this.address = args.address;
    this.registerOutputs(args);
  }
}
