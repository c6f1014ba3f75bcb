import * as pulumi from "@pulumi/pulumi";
import type { NetworkInputs } from "../registry/kinds.generated.ts";

/** The platform's network: AS number, owned ranges, operators of transit. */
export class Network extends pulumi.ComponentResource {
  readonly asNumber: number;
  readonly prefixes: readonly string[];

  constructor(name: string, args: NetworkInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:Network", name, args, opts);
    this.asNumber = args.asNumber;
    this.prefixes = args.prefixes;
    this.registerOutputs(args);
  }
}
