import { z } from "zod";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { listen, number, text, texts, waivers } from "../inputs.ts";
import type { Needs } from "../registry/bundle-folder.ts";
import type { Element } from "../registry/kind.ts";
import { hostnameSchema, nameSchema } from "../schema.ts";

/** Keys of an HTTP server in its account's file, whatever its kind. */
export const commonEntry = {
  name: nameSchema
    .max(24)
    .describe("Name of the HTTP server, unique in the account and part of the unit's name. At most 24 characters."),
  number: z
    .int()
    .min(1)
    .max(999)
    .describe("Number of the HTTP server inside the account, 1 to 999, never reused. Its port is 8000 + number."),
  hostnames: z
    .array(hostnameSchema)
    .default([])
    .describe(
      "Host names that the HTTP server answers for. The lowest-numbered server also answers for the account's address.",
    ),
  idleSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe("Seconds without a request after which the HTTP server is stopped. 0: never. Default 300."),
};

/** Inputs of an HTTP server, whatever its kind. */
export const commonInputs = {
  waivers,
  account: number.describe("Number of the account it belongs to."),
  name: text.describe("Unique in the account."),
  number: number.describe("Its number in the account; its port follows from it."),
  host: text.describe("The host of its account."),
  hostnames: texts.describe("Host names it answers for."),
  idleSeconds: number.describe("Seconds without a request until it is stopped; 0 = never."),
  listen: listen().describe("Where systemd listens for it: an address of its account, port 8000 + number."),
  unit: text.describe("Unit name without suffix: `account-<account>-http-<name>`."),
};

/** Base of the ports: servers use ports 8001 to 8999 on their account's address. */
export const httpPortBase = 8000;

/** Port of an HTTP server on its account's address. */
export function httpPort(server: { readonly number: number }): number {
  return httpPortBase + server.number;
}

/** Path of the script that runs the server, inside the sandbox. */
export const scriptInside = "/opt/fairhost/run";

export type HttpServer<Name extends Element<"httpServers">["kind"] = Element<"httpServers">["kind"]> = Extract<
  Element<"httpServers">,
  { readonly kind: Name }
>;

/**
 * A kind of HTTP server: one folder below `kinds/`, in a file `<kind>.server.ts`. The inputs register what its own keys mean to
 * the rules (components/inputs.ts): rules judge paths, commands and variables by that, whatever the name of the kind.
 */
export interface ServerKind<Server extends HttpServer = HttpServer> extends Needs {
  readonly kind: Server["kind"];
  /** Its own keys in an account's file, `kind` among them. */
  readonly entry: Readonly<Record<string, z.ZodType>>;
  /** Its own inputs: the same keys, with their defaults filled in. */
  readonly inputs: Readonly<Record<string, z.ZodType>>;
  /** Files of a host that all servers of this kind share. */
  shared(): readonly BundleFile[];
  /** Text of the server's service unit. The service is stopped when one of the shared files changes. */
  service(account: Element<"accounts">, server: Server): string;
}
