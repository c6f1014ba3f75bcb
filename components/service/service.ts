import * as pulumi from "@pulumi/pulumi";
import type { ServiceInputs } from "../registry/kinds.generated.ts";

/** One service of an account: a program that runs all the time under the account's own uid, tried again when it ends. */
export class Service extends pulumi.ComponentResource {
  constructor(name: string, args: ServiceInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:service:Service", name, args, opts);
    this.registerOutputs(args);
  }
}
