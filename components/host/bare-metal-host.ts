import * as pulumi from "@pulumi/pulumi";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";

/**
 * A bare-metal host: its place, hardware, power and links. `HostDelivery` delivers its files. Every value that a policy needs is
 * a plain input, also registered as output, because stack policies see only outputs.
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
