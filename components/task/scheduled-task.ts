import * as pulumi from "@pulumi/pulumi";
import type { ScheduledTaskInputs } from "../registry/kinds.generated.ts";

/** One scheduled task of an account: a program that a timer starts under the account's own uid. */
export class ScheduledTask extends pulumi.ComponentResource {
  constructor(name: string, args: ScheduledTaskInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:task:ScheduledTask", name, args, opts);
    this.registerOutputs(args);
  }
}
