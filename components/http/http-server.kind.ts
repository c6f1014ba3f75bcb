import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { listed } from "../../lib/text/text.ts";
import { type Change, type Describe, differences, effect } from "../registry/change.ts";
import { type Element, inAccount, type Kind, ofAccount } from "../registry/kind.ts";
import { serverEntries, serverInputs, servers } from "./kinds/servers.generated.ts";

export const inputs = z.discriminatedUnion("kind", serverInputs);

/** The list in an account's file. */
export const entries = z
  .array(z.discriminatedUnion("kind", serverEntries))
  .max(50)
  .default([])
  .describe("HTTP servers of the account: its web sites and programs.");

export const kind: Kind<"httpServers"> = {
  key: "httpServers",
  name: "httpServer",
  words: ["HTTP server", "HTTP servers"],
  description: "An account's own HTTP server, behind the front end. Paths are relative to the account's home.",
  type: "fairhost:http:HttpServer",
  identity: ["account", "name"],
  inputs,
  // Of 0.1.0: the TCP address and port on which systemd listened.
  dropped: ["listen"],
  resourceName: ({ unit }) => unit,
  parent: ({ account }) => ["account", String(account)],
  ...ofAccount,
  deletion: "free",
  variants: [
    { word: "server kind", needs: servers, of: ({ kind }) => kind },
    {
      word: "HTTP cache",
      needs: { on: { packages: ["varnish"], masks: ["varnish.service", "varnishncsa.service"] }, off: {} },
      of: ({ cache }) => (cache === true ? "on" : "off"),
    },
    {
      word: "web application firewall",
      needs: { on: { packages: ["libnginx-mod-http-modsecurity", "modsecurity-crs", "nginx", "python3"] }, off: {} },
      of: ({ waf }) => (waf === undefined ? "off" : "on"),
    },
  ],
  declare: ({ accounts, fleet: { network } }) =>
    accounts.flatMap(({ account }) =>
      sortBy(account.httpServers, ({ number }) => number).map(
        (server, index) =>
          ({
            ...server,
            ...(network.certificates !== undefined && { https: true }),
            hostnames:
              index === 0 && network.platformDomain !== undefined
                ? [...new Set([...server.hostnames, `${account.name}.${network.platformDomain}`])]
                : server.hostnames,
            account: account.number,
            host: account.host,
            unit: `account-${account.number}-http-${server.name}`,
          }) satisfies Element<"httpServers">,
      ),
    ),
  ...inAccount("httpServers"),
  wokenBy: "the next request",
  describe: describeServer,
};

function describeServer(change: Change<"httpServers">): ReturnType<Describe<"httpServers">> {
  const { op, subject } = change;
  const server = change.after ?? change.before;
  const own = [server.account];
  const of = `${server.name} of account ${server.account}`;
  const addresses = [...server.hostnames, ...(server.addresses ?? [])];
  const answering = addresses.length === 0 ? "" : `, which answers for ${listed(addresses)}`;
  if (op === "create") return [effect(subject, `Adds HTTP server ${of}${answering}.`, own)];
  if (op === "delete") return [effect(subject, `Removes HTTP server ${of}${answering}; its files stay.`, own)];
  return [effect(subject, `Changes HTTP server ${of}: ${differences(change)}.`, own)];
}
