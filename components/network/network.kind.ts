import { z } from "zod";
import { canonicalHosts } from "../firewall/rule.ts";
import { flag, number, text, texts, waivers } from "../inputs.ts";
import { identity, key, note, promise, redundancy, trust } from "../registry/fields/field-class.ts";
import type { Kind } from "../registry/kind.ts";
import { canonical, canonicalPrefix } from "../schema.ts";
import { timeServersInputs } from "../time/time.ts";
import { dnsInputs } from "../tls/dns-proof.ts";
import { lengthOf, roasInputs } from "./origins.ts";

export const inputs = z.strictObject({
  waivers,
  // A state of 0.1.0 does not say it.
  fleet: identity(text, { judged: "identity-kept" })
    .exactOptional()
    .describe("Identity of the fleet, where the inventory says it."),
  asNumber: key(number).describe("The AS number that routers speak as."),
  certificates: trust(
    z.strictObject({
      directory: text.describe("Address of its ACME directory."),
      email: note(text).describe("Where it writes to."),
      dns: dnsInputs,
    }),
    { means: "who issues the certificates of all host names" },
  )
    .exactOptional()
    .describe("The CA from which hosts get certificates."),
  controllers: trust(texts, { means: "who reaches SSH of hosts" })
    .exactOptional()
    .describe("Addresses that deliveries come from."),
  shortenAddresses: promise(flag)
    .exactOptional()
    .describe("Whether logs of front ends have shortened addresses of visitors."),
  timeServers: timeServersInputs
    .exactOptional()
    .describe("Servers that hosts ask for the time, where the inventory names them."),
  platformDomain: identity(text).exactOptional().describe("The domain below which each account has a host name."),
  // A state of 0.1.0 does not say it.
  uidBase: identity(number, { judged: "identity-kept" })
    .default(200_000)
    .describe("Base of uids: the uid of an account is this value plus the account's number."),
  prefixes: identity(texts, { judged: "identity-kept" }).describe("Owned IPv6 ranges."),
  prefixes4: identity(texts, { judged: "identity-kept" }).describe("Owned IPv4 ranges."),
  operators: redundancy(
    z.array(
      z.strictObject({
        name: key(text).describe("Unique among operators."),
        // Numbers, but not sizes: any other one is another operator, or another owner.
        asNumber: redundancy(number, { weaker: "any" }).describe("Its AS number."),
        parentAsNumber: redundancy(number, { weaker: "any" })
          .exactOptional()
          .describe("The AS that owns this one, where it is known."),
        routers: texts.describe("Routers that it is connected to."),
        sessions: z
          .array(
            z.strictObject({
              router: key(text).describe("The router that opens it."),
              address: key(text).describe("The router's address on the link, canonical."),
              neighbor: trust(text, { means: "with whom routers exchange routes" }).describe(
                "The operator's address on the link, canonical.",
              ),
              prefixLength: redundancy(number, { weaker: "any" })
                .exactOptional()
                .describe("Length of the prefix of the link, where the inventory says it."),
              bfd: redundancy(flag).exactOptional().describe("Whether the operator speaks BFD on the link."),
              address4: redundancy(text)
                .exactOptional()
                .describe("The router's IPv4 address on the link, if a second session carries IPv4."),
              neighbor4: trust(text, { means: "with whom routers exchange routes" })
                .exactOptional()
                .describe("The operator's IPv4 address on the link."),
              prefixLength4: redundancy(number, { weaker: "any" })
                .exactOptional()
                .describe("Length of the IPv4 prefix of the link, where the inventory says it."),
              ipv4: redundancy(flag).exactOptional().describe("Whether it carries IPv4 too, with IPv6 next hops."),
            }),
          )
          .exactOptional()
          .describe("BGP sessions with it."),
        gracefulShutdown: redundancy(flag, { weaker: "more" })
          .exactOptional()
          .describe("Whether traffic is to leave it (RFC 8326)."),
      }),
    ),
  ).describe("Operators that carry the traffic to and from the Internet. Empty: nothing is routed outside."),
  roas: roasInputs.exactOptional().describe("Who may announce which prefix, where the inventory says it."),
});

export const kind: Kind<"networks"> = {
  key: "networks",
  name: "network",
  words: ["network", "networks"],
  description: "The platform's network: AS number, owned ranges, operators of transit. There is one.",
  called: "network AS",
  type: "fairhost:network:Network",
  identity: ["asNumber"],
  inputs,
  resourceName: ({ asNumber }) => `network-as${asNumber}`,
  concerns: "fleet",
  retired: "freely",
  deletion: "approval",
  declare: ({ fleet: { network } }) => [
    {
      ...(network.fleet !== undefined && { fleet: network.fleet }),
      asNumber: network.asNumber,
      uidBase: network.uidBase,
      ...(network.certificates !== undefined && { certificates: network.certificates }),
      ...(network.controllers !== undefined && { controllers: canonicalHosts(network.controllers) }),
      ...(network.shortenAddresses !== undefined && { shortenAddresses: network.shortenAddresses }),
      ...(network.time !== undefined && { timeServers: network.time.servers }),
      ...(network.platformDomain !== undefined && { platformDomain: network.platformDomain }),
      prefixes: network.prefixes.map(canonicalPrefix),
      prefixes4: network.prefixes4,
      operators: network.operators.map(({ name, asNumber, parentAsNumber, routers, sessions, gracefulShutdown }) => ({
        name,
        asNumber,
        ...(parentAsNumber !== undefined && { parentAsNumber }),
        routers,
        ...(sessions !== undefined && {
          sessions: sessions.map(({ router, address, neighbor, prefixLength, bfd, ipv4, ...over4 }) => ({
            router,
            address: canonical(address),
            neighbor: canonical(neighbor),
            ...(prefixLength !== undefined && { prefixLength }),
            ...(bfd !== undefined && { bfd }),
            ...(ipv4 !== undefined && { ipv4 }),
            ...(over4.address4 !== undefined && { address4: over4.address4 }),
            ...(over4.neighbor4 !== undefined && { neighbor4: over4.neighbor4 }),
            ...(over4.prefixLength4 !== undefined && { prefixLength4: over4.prefixLength4 }),
          })),
        }),
        ...(gracefulShutdown !== undefined && { gracefulShutdown }),
      })),
      ...(network.roas !== undefined && {
        roas: network.roas.map(({ prefix, maxLength, asNumber }) => ({
          prefix: prefix.includes(":") ? canonicalPrefix(prefix) : prefix,
          maxLength: maxLength ?? lengthOf(prefix),
          asNumber,
        })),
      }),
    },
  ],
  place: (files) => ({ source: files.all("network")[0]!, path: [] }),
  names: (files) =>
    files.all("network").flatMap(({ loose: { asNumber } }) => (asNumber === undefined ? [] : [String(asNumber)])),
};
