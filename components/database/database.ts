import * as pulumi from "@pulumi/pulumi";
import type { DatabaseInputs } from "../registry/kinds.generated.ts";

/** A database of an account. */
export class Database extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:database:Database", name, args, opts);
    this.registerOutputs(args);
  }
}
