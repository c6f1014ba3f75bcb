import * as pulumi from "@pulumi/pulumi";
import type { PlanInputs } from "../registry/kinds.generated.ts";

/** A plan: limits, and what its accounts are promised. One change here is one line of a diff, whatever number of accounts has it. */
export class Plan extends pulumi.ComponentResource {
  readonly survives: readonly string[];

  constructor(name: string, args: PlanInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:account:Plan", name, args, opts);
    this.survives = args.survives;
    this.registerOutputs(args);
  }
}
