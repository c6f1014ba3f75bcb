import * as pulumi from "@pulumi/pulumi";
import type { AccountContainerInputs } from "../registry/kinds.generated.ts";

/**
 * One account's container: uid, slice, limits and directory, all following from its number. Protected by default: as
 * long as `protect` is true, Pulumi refuses to delete it.
 */
export class AccountContainer extends pulumi.ComponentResource {
  readonly number: number;
  readonly host: string;

  constructor(name: string, args: AccountContainerInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:account:AccountContainer", name, args, { protect: args.protect, ...opts });
    this.number = args.number;
    this.host = args.host;
    this.registerOutputs(args);
  }
}
