import * as pulumi from "@pulumi/pulumi";
import type { FrontEndInputs } from "../registry/kinds.generated.ts";

/** The reverse proxy of one host: answers on every account's address and passes each request to the account's own server. */
export class FrontEnd extends pulumi.ComponentResource {
  constructor(name: string, args: FrontEndInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:http:FrontEnd", name, args, opts);
    this.registerOutputs(args);
  }
}
