import * as pulumi from "@pulumi/pulumi";
import type { UserInputs } from "../registry/kinds.generated.ts";

/** Somebody who may log in to an account by SSH. All users of an account have its uid. */
export class User extends pulumi.ComponentResource {
  constructor(name: string, args: UserInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:access:User", name, args, opts);
    this.registerOutputs(args);
  }
}
