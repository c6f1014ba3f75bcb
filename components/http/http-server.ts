import * as pulumi from "@pulumi/pulumi";
import type { HttpServerInputs } from "../registry/kinds.generated.ts";

/** One HTTP server of an account: started by its first request under the account's own uid, stopped when idle. */
export class HttpServer extends pulumi.ComponentResource {
  readonly unit: string;

  constructor(name: string, args: HttpServerInputs, opts?: pulumi.ComponentResourceOptions) {
    super("fairhost:http:HttpServer", name, args, opts);
    this.unit = args.unit;
    this.registerOutputs(args);
  }
}
