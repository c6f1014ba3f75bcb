import { z } from "zod";
import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { plain } from "../../../lib/systemd/unit-file.ts";
import { cachedSockets } from "../../cache/cache-paths.ts";
import { flag, homePath, number, text, texts, waivers } from "../../inputs.ts";
import type { Needs } from "../../registry/bundle/bundle-folder.ts";
import { behaviour, derivedField, identity, key } from "../../registry/fields/field-class.ts";
import type { Hostless } from "../../registry/kind.ts";
import { homePathSchema, nameSchema } from "../../schema.ts";
import { descriptors } from "../front-end/connections.ts";
import { siteAddressSchema, siteNameSchema } from "../web-site/web-address.ts";
import { webSiteEntry, webSiteInputs } from "../web-site/web-site.ts";
import type { Wake } from "./wake.ts";

/** Keys of an HTTP server in its account's file, whatever its kind. */
export const commonEntry = {
  name: nameSchema
    .max(24)
    .describe("Name of the HTTP server, unique in the account and part of the unit's name. At most 24 characters."),
  number: z
    .int()
    .min(1)
    .max(999)
    .describe(
      "Number of the HTTP server inside the account, 1 to 999, never reused. `$PORT` of a program is 8000 + number.",
    ),
  hostnames: z
    .array(siteNameSchema)
    .default([])
    .describe(
      "Host names that the HTTP server answers for. `*.example.org` stands for all names with one label before it that nobody lists. The lowest-numbered server also answers for the account's address, and for `<account>.<platformDomain>`.",
    ),
  addresses: z
    .array(siteAddressSchema)
    .max(100)
    .exactOptional()
    .describe(
      "Host names with a path of one to three parts, such as `example.org/blog`: requests for it and everything below it go to this HTTP server, whoever answers for the rest of the name. The longest path wins. Upper and lower case are the same.",
    ),
  trimPath: z
    .boolean()
    .exactOptional()
    .describe(
      "Whether the path of the address is taken away from requests before the HTTP server gets them: `/blog/post` arrives as `/post`, with `X-Forwarded-Prefix: /blog`, and `/blog` is sent on to `/blog/`. Default false.",
    ),
  httpsOnly: z
    .boolean()
    .exactOptional()
    .describe(
      "Whether visitors who come over HTTP are sent on to HTTPS, once a host name has its certificate. Default false.",
    ),
  hstsSeconds: z
    .int()
    .min(0)
    .max(63_072_000)
    .exactOptional()
    .describe(
      "Seconds for which browsers use HTTPS alone for its host names (RFC 6797), with `httpsOnly`. There is no way back before they are over. Default 0: not at all.",
    ),
  certificate: homePathSchema
    .exactOptional()
    .describe(
      "File in the account's home with an own certificate, PEM: its key, the certificate, and those of CAs between it and the root. The front end uses it for the host names of this HTTP server that it is valid for, and notices a newer one within two minutes. Default: none, all names have certificates of the fleet's CA.",
    ),
  ...webSiteEntry,
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
  account: key(number).describe("Number of the account it belongs to."),
  name: key(text).describe("Unique in the account."),
  number: identity(number).describe("Its number in the account; `$PORT` of a program follows from it."),
  host: derivedField(text).describe("The host of its account."),
  hostnames: behaviour(texts).describe("Host names it answers for."),
  addresses: behaviour(texts).exactOptional().describe("Host names with a path that it answers for."),
  trimPath: behaviour(flag).exactOptional().describe("Whether the path of an address is taken away from requests."),
  https: derivedField(flag).exactOptional().describe("Whether its host names get certificates."),
  httpsOnly: behaviour(flag).exactOptional().describe("Whether visitors are sent on to HTTPS."),
  hstsSeconds: behaviour(number).exactOptional().describe("Seconds for which browsers use HTTPS alone."),
  certificate: homePath().exactOptional().describe("File with an own certificate and its key."),
  ...webSiteInputs,
  idleSeconds: behaviour(number).describe("Seconds without a request until it is stopped; 0 = never."),
  unit: derivedField(text).describe(
    "Unit name without suffix: `account-<account>-http-<name>`. Its Unix socket has the same name.",
  ),
};

/** `$PORT` of a program, 8001 to 8999: it listens there in its own network namespace, which nobody else reaches. */
export function httpPort(server: { readonly number: number }): number {
  return 8000 + server.number;
}

const plainUnit = plain(/account-\d+-http-[a-z][a-z0-9-]*/, "unit name");

/** Unit name of a server without suffix, safe to put into files. */
export function unitOf({ unit }: Pick<HttpServer, "unit">): string {
  return plainUnit(unit);
}

/**
 * The Unix socket on which systemd listens for a server. Only root, the front end and the account's cache can open it; no program of an
 * account sees its directory.
 * 65 bytes at most (unix(7) allows 107).
 */
export function socketOf(server: Pick<HttpServer, "unit" | "account" | "cache">): string {
  const directory = server.cache ? `${cachedSockets}/${server.account}` : "fairhost-http";
  return `/run/${directory}/${unitOf(server)}`;
}

/** Path of the script that runs the server, inside the sandbox. */
export const scriptInside = "/opt/fairhost/run";

/** `LimitNOFILE=` of every server. */
export const descriptorLimit = `${descriptors.server}:${descriptors.hard}`;

export type HttpServer<Name extends Hostless<"httpServers">["kind"] = Hostless<"httpServers">["kind"]> = Extract<
  Hostless<"httpServers">,
  { readonly kind: Name }
>;

/**
 * A kind of HTTP server: one folder below `kinds/`, in a file `<kind>.server.ts`. The inputs register what its own keys mean to
 * the rules (components/inputs.ts): rules judge paths, commands and variables by that, whatever the name of the kind.
 */
export interface ServerKind<Server extends HttpServer = HttpServer> extends Needs {
  readonly kind: Server["kind"];
  /**
   * The front end uses a connection to its server for request after request. Only of a kind whose server takes many connections at once and
   * is the same for all accounts: it must see the end of a request where nginx sees it. Without it, each request gets a connection of its own.
   */
  readonly keepsConnections?: true;
  /**
   * How many requests its server takes at once. A number: the platform's configuration says so, and the front end lets through less, of one visitor
   * at most half. `apache`: likewise, by the account's tasks (components/http/program/apache.ts). `declared`: the account says so (`workers`), others wait in the socket. `program`: the account's program knows. `front end`: there is no server.
   */
  readonly parallel: number | "apache" | "declared" | "program" | "front end";
  /**
   * How many requests its program works on at once, as the account declares. One visitor gets half of them, and what exceeds that waits in the
   * front end. Undefined if this server's program works on any number.
   */
  workers?(server: Server): number | undefined;
  /**
   * The most processes and threads that its server has at once, as far as the platform or the account declares them; each counts among the
   * account's `tasksMax`. What a program of the account begins by itself is not known. Of every kind with a service.
   */
  tasks?(server: Server, tasksMax: number): number;
  /** What it takes until its server serves, as measured: `wakeOf(import.meta.dirname)`. `front end`: there is no server. */
  readonly wake: Wake | "front end";
  /** Whether its servers wait for their turn before they start, as those of `programUnit` do. */
  readonly inTurn?: true;
  /** Its own keys in an account's file, `kind` among them. */
  readonly entry: Readonly<Record<string, z.ZodType>>;
  /** Its own inputs: the same keys, with their defaults filled in. */
  readonly inputs: Readonly<Record<string, z.ZodType>>;
  /** Files of a host that all servers of this kind share. */
  shared(): readonly BundleFile[];
  /** Text of the server's service unit. The service is stopped when one of the shared files changes. */
  service?(account: Hostless<"accounts">, server: Server): string;
  /**
   * Of a kind without a service, which the front end answers alone: what stands in the file of its names after the account's number. Without
   * white space, quotes and `;{}$#\\`.
   */
  inFrontEnd?(server: Server): string;
}
