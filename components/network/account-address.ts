import * as pulumi from "@pulumi/pulumi";
import type { AccountAddressInputs } from "../declaration.ts";

/** An account's IPv6 prefix and its own address in it; announced by the host that has the account. */
export class AccountAddress extends pulumi.ComponentResource {
  declare readonly prefix: pulumi.Output<string>;
  declare readonly address: pulumi.Output<string>;

  constructor(name: string, args: AccountAddressInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:network:AccountAddress", name, args, opts);
    this.prefix = pulumi.output(args.prefix);
    this.address = pulumi.output(args.address);
    this.registerOutputs(args);
  }
}
