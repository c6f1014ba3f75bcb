import * as pulumi from "@pulumi/pulumi";
import type { ReminderInputs } from "../registry/kinds.generated.ts";

/** What an account is reminded of. */
export class Reminder extends pulumi.ComponentResource {
  constructor(name: string, args: ReminderInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:reminder:Reminder", name, args, opts);
    this.registerOutputs(args);
  }
}
