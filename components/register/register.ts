import * as pulumi from "@pulumi/pulumi";
import type { RegisterInputs } from "../registry/kinds.generated.ts";

/** Numbers and names that are taken for ever; shows the policy pack resources that vanished from the inventory. */
export class Register extends pulumi.ComponentResource {
  readonly tombstones: readonly number[];

  constructor(name: string, args: RegisterInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:account:Register", name, args, opts);
    this.tombstones = args.tombstones;
    this.registerOutputs(args);
  }
}
