import { z } from "zod";
import { number, text } from "../inputs.ts";
import { describeNothing } from "../registry/change.ts";
import { derivedField, identity, key, trust } from "../registry/fields/field-class.ts";
import { type Kind, ownFile } from "../registry/kind.ts";

export const inputs = z.strictObject({
  host: key(text).describe("The host it runs on."),
  ports: trust(z.array(number), { judged: "nothing-opened" }).describe(
    "Ports open to the outside on every account's address.",
  ),
  address4: identity(text).exactOptional().describe("IPv4 address of the host's accounts for visitors without IPv6."),
  accounts: derivedField(number).describe("How many accounts it serves."),
  httpServers: derivedField(number).describe("How many HTTP servers are behind it."),
});

/** Ports on which the front end answers on every account's address. */
const ports = (certificates: boolean) => (certificates ? [80, 443] : [80]);

export const kind: Kind<"frontEnds"> = {
  key: "frontEnds",
  name: "frontEnd",
  words: ["front end", "front ends"],
  description: "The reverse proxy of one host.",
  called: "front end of",
  type: "fairhost:http:FrontEnd",
  packages: ["openssl"],
  identity: ["host"],
  inputs,
  resourceName: ({ host }) => `${host}-front-end`,
  parent: ({ host }) => ["host", host],
  concerns: "host",
  hostOf: ({ host }) => host,
  retired: "freely",
  deletion: "follows",
  variants: [
    {
      word: "protocol",
      needs: { http: {}, https: { packages: ["lego"] } },
      of: ({ ports }) => (ports.includes(443) ? "https" : "http"),
    },
  ],
  declare: ({ hosts, accounts, fleet: { network } }) => {
    const on = Map.groupBy(accounts, ({ account }) => account.host);
    return hosts.map(({ name, address4 }) => {
      const own = on.get(name) ?? [];
      return {
        host: name,
        ports: ports(network.certificates !== undefined),
        ...(address4 !== undefined && { address4 }),
        accounts: own.length,
        httpServers: own.reduce((sum, { account }) => sum + account.httpServers.length, 0),
      };
    });
  },
  ...ownFile("hosts"),
  describe: describeNothing,
};
