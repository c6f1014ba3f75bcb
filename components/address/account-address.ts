import * as pulumi from "@pulumi/pulumi";
import type { AccountAddressInputs } from "../registry/kinds.generated.ts";

/** An account's IPv6 prefix and its own address in it. The account's host announces the prefix. */
export class AccountAddress extends pulumi.ComponentResource {
  readonly prefix: string;
  readonly address: string;

  constructor(name: string, args: AccountAddressInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:AccountAddress", name, args, opts);
    this.prefix = args.prefix;
    this.address = args.address;
    this.registerOutputs(args);
  }
}
