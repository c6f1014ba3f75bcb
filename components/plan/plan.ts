import * as pulumi from "@pulumi/pulumi";
import type { PlanInputs } from "../registry/kinds.generated.ts";

/** A plan: limits and promises of its accounts. A change of it is one line of a diff, whatever the number of accounts. */
export class Plan extends pulumi.ComponentResource {
  readonly survives: readonly string[];

  constructor(name: string, args: PlanInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:account:Plan", name, args, opts);
    this.survives = args.survives;
    this.registerOutputs(args);
  }
}
