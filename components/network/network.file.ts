import { z } from "zod";
import { defaultUidBase } from "../declaring.ts";
import { hostsSchema } from "../firewall/rule.ts";
import { sshAddressSchema } from "../host/system/way-in.ts";
import { spelled } from "../inputs.ts";
import type { FileKind } from "../registry/file.ts";
import {
  address4Schema,
  address6Schema,
  format,
  hostnameSchema,
  labelSchema,
  nameSchema,
  packageSchema,
  prefix4Schema,
  prefix6Schema,
} from "../schema.ts";
import { timeSchema } from "../time/time.ts";
import { dnsEntry } from "../tls/dns-proof.ts";
import { fleetUpgradesSchema } from "../upgrade/upgrades.ts";
import { roasSchema } from "./origins.ts";

/** An AS number (RFC 6793), 32 bits. */
export const asNumberSchema = z.int().min(1).max(4_294_967_294);

const powerSupplySchema = z.strictObject({
  name: nameSchema.describe("Name of the power supply, unique in its host or device."),
  model: spelled("model", labelSchema.describe("Model of the power supply. Spare parts are counted by model.")),
  chain: nameSchema.describe("Electrical chain of the hall that feeds the power supply."),
});

/** Power supplies of a host, router or switch. */
export const powerSuppliesSchema = z
  .array(powerSupplySchema)
  .min(1)
  .describe("Power supplies. The rules require two, on chains with two different feeds.");

/** A port of a switch or router, as its manufacturer names it: `et-0/0/1`. */
export const devicePortSchema = format("a port's name such as Ethernet1 or xe-0/0/1", (says) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9/:._-]{0,31}$/, says),
);

const device = {
  name: spelled("device", nameSchema.describe("Name of the device, unique among routers and switches.")),
  site: nameSchema.describe("Name of the device's site: a file in sites/."),
  hall: nameSchema.describe("Name of a hall of the site."),
  rack: nameSchema.describe("Name of a rack of the hall."),
  manufacturer: spelled(
    "manufacturer",
    nameSchema.describe("Manufacturer of the device. The other device of its pair must have another manufacturer."),
  ),
  model: spelled("model", labelSchema.describe("Model of the device. Spare parts are counted by model.")),
  pair: nameSchema.optional().describe("Name of the other device of its pair."),
  powerSupplies: powerSuppliesSchema,
};

const portSchema = z
  .strictObject({
    port: devicePortSchema.describe(
      "Port of the router: of one that runs Debian an interface of its kernel, such as `enp1s0`.",
    ),
    switch: nameSchema.optional().describe("Name of the switch at the other end: one with an uplink to the router."),
    router: nameSchema.optional().describe("Name of the router at the other end: one that is linked to it."),
    operator: nameSchema.optional().describe("Name of the operator at the other end: one that is connected to it."),
  })
  .refine((port) => [port.switch, port.router, port.operator].filter((end) => end !== undefined).length === 1, {
    message: "must name what is at the other end: one `switch`, `router` or `operator`",
  });

const routerSchema = z.strictObject({
  ...device,
  address: address6Schema.describe(
    "IPv6 address to which the hosts of the site open BGP sessions, in subnet 0 of the site.",
  ),
  ssh: z
    .strictObject({
      address: sshAddressSchema.describe("Address that the controller connects to."),
      port: z.int().min(1).max(65_535).default(22).describe("TCP port that the controller connects to. Default 22."),
    })
    .optional()
    .describe(
      "How the controller reaches the router by SSH, as root: then deliveries bring its configuration. Only for a router that runs BIRD or FRR on Debian. In a fleet of several cells the stack of the cell `routers` brings it. The known_hosts file of the stack (`fairhost:knownHosts`) must have the host key. Default: nothing is delivered, and `npm run routers` writes its files.",
    ),
  gracefulShutdown: z
    .boolean()
    .optional()
    .describe(
      "Whether to move all traffic away from the router before maintenance: its neighbours are told to prefer other routes (RFC 8326), and it still forwards what comes. Default false.",
    ),
  links: z
    .array(nameSchema)
    .default([])
    .describe(
      "Names of routers to which it has a direct link, at its own or another site. A link listed at both ends is one link.",
    ),
  ports: z
    .array(portSchema)
    .min(1)
    .optional()
    .describe(
      "Its ports, and what is at the other end of each: every uplink of a switch, link to a router and operator has one. Then its configuration has its interfaces and their addresses. Ports to switches are one interface, of which one port carries everything until it is lost. Default: somebody sets up its interfaces.",
    ),
});

const switchSchema = z.strictObject({
  ...device,
  uplinks: z
    .array(
      z.strictObject({
        port: devicePortSchema.describe("Port of the switch."),
        router: nameSchema.describe("Name of a router of the site."),
      }),
    )
    .min(1)
    .describe("Links of the switch to the routers of its site."),
});

const sessionSchema = z
  .strictObject({
    router: nameSchema.describe(
      "Name of the router that opens the session: one of those that the operator is connected to.",
    ),
    address: address6Schema.describe("The router's own IPv6 address on the link to the operator."),
    neighbor: address6Schema.describe("The operator's IPv6 address on the link."),
    prefixLength: z
      .int()
      .min(32)
      .max(127)
      .optional()
      .describe("Length of the prefix that both addresses are in, for the router's interface (`ports`). Default 64."),
    bfd: z
      .boolean()
      .optional()
      .describe(
        "Whether the operator speaks BFD (RFC 5880) on the link, so that its loss is noticed in less than a second and not after the hold time of 90 seconds. Default false.",
      ),
    ipv4: z
      .boolean()
      .optional()
      .describe(
        "Whether the session carries IPv4 too, with IPv6 next hops (RFC 8950). Agree on that with the operator first: one that offers IPv4 there without such next hops may end the whole session. Default false.",
      ),
    address4: address4Schema
      .optional()
      .describe(
        "The router's own IPv4 address on the link, for a second session that carries IPv4, with an operator that does not offer it on the first. Default: no such session.",
      ),
    neighbor4: address4Schema.optional().describe("The operator's IPv4 address on the link, for the second session."),
    prefixLength4: z
      .int()
      .min(8)
      .max(31)
      .optional()
      .describe("Length of the IPv4 prefix that both addresses are in, for the router's interface. Default 31."),
  })
  .refine(({ address4, neighbor4 }) => (address4 === undefined) === (neighbor4 === undefined), {
    message: "must have both `address4` and `neighbor4`, or neither",
  })
  .refine(({ ipv4, address4 }) => !(ipv4 === true && address4 !== undefined), {
    path: ["ipv4"],
    message: "must not be true beside `address4`: IPv4 goes over one session",
  })
  .refine(({ prefixLength4, address4 }) => prefixLength4 === undefined || address4 !== undefined, {
    path: ["prefixLength4"],
    message: "must not stand without `address4` and `neighbor4`",
  });

const operatorSchema = z.strictObject({
  name: spelled("operator", nameSchema.describe("Name of the operator, unique among operators.")),
  asNumber: asNumberSchema.describe("AS number of the operator."),
  parentAsNumber: asNumberSchema
    .optional()
    .describe(
      "AS number of the company that owns the operator, if known. Two operators of one owner can fail together.",
    ),
  routers: z.array(nameSchema).min(1).describe("Names of the routers that the operator is connected to."),
  sessions: z
    .array(sessionSchema)
    .optional()
    .describe(
      "BGP sessions with the operator, over IPv6, for IPv4 too if the platform owns a range of it: with IPv6 next hops (RFC 8950) if the operator offers that (`ipv4`), otherwise by a second session over IPv4 (`address4`, `neighbor4`). It must announce a default route in each, of each family. Default: none, and the configuration of routers lacks the operator.",
    ),
  gracefulShutdown: z
    .boolean()
    .optional()
    .describe(
      "Whether to move all traffic away from the operator before maintenance: it is told to prefer other routes (RFC 8326), and routes of other operators are preferred to its own. Default false.",
    ),
});

export const schema = z.strictObject({
  fleet: nameSchema
    .optional()
    .describe(
      "Identity of the fleet, by which the guard finds it in another commit, wherever its directory is. Unique in the repository; never change it. Default: the name of the directory.",
    ),
  asNumber: asNumberSchema.describe("AS number of the platform's network. Its routers use it."),
  platformDomain: hostnameSchema
    .optional()
    .describe(
      "The platform's own domain for web sites: each account is also reached at `<account>.<platformDomain>`, which leads to its lowest-numbered HTTP server. Its DNS is yours to set up. Default: none.",
    ),
  certificates: z
    .strictObject({
      directory: z
        .url({ protocol: /^https$/ })
        .max(200)
        .describe(
          "Address of the ACME directory of the CA (RFC 8555), such as `https://acme-v02.api.letsencrypt.org/directory`.",
        ),
      email: z.email().max(200).describe("Where the CA writes to."),
      dns: dnsEntry,
    })
    .optional()
    .describe(
      "The CA from which hosts get certificates for host names of accounts. With it front ends answer over HTTPS on port 443. Default: none, HTTP alone.",
    ),
  controllers: z
    .array(hostsSchema)
    .min(1)
    .max(100)
    .optional()
    .describe(
      "Addresses that deliveries and drift checks come from. SSH of hosts is open to them whatever rules of a firewall say. Default: not known, and no rule closes SSH of a host to anybody.",
    ),
  shortenAddresses: z
    .boolean()
    .optional()
    .describe(
      "Whether logs of front ends have the addresses of visitors without their end: IPv4 without the last of four numbers, IPv6 without all but the first 48 bits. Programs get whole ones, and what they log is theirs. Default false.",
    ),
  uidBase: z
    .int()
    .min(65_536)
    .default(defaultUidBase)
    .describe(
      `Base of uids: the uid of an account is this value plus the account's number. Default ${defaultUidBase}. Never change it for a deployed fleet, because files on hosts belong to the uids (0.1.0 used 200000).`,
    ),
  runtimes: z
    .array(packageSchema)
    .default([])
    .describe(
      "Debian packages that programs of accounts need, on every host that does not list its own: language runtimes, modules, applications. The name chooses the version (`php8.4-cli`, `openjdk-21-jre-headless`). Their services are not started. Default: none; nodejs and python3 are always there.",
    ),
  upgrades: fleetUpgradesSchema,
  time: timeSchema,
  prefixes: z
    .array(prefix6Schema)
    .min(1)
    .describe("Owned IPv6 ranges. The prefix of every site is inside one of them."),
  prefixes4: z
    .array(prefix4Schema)
    .default([])
    .describe(
      "Owned IPv4 ranges. Front ends have addresses in them. Routers announce each as a whole to operators; networks outside refuse one longer than /24.",
    ),
  operators: z
    .array(operatorSchema)
    .default([])
    .describe("Operators of transit, which carry the traffic to and from the Internet."),
  roas: roasSchema,
  routers: z.array(routerSchema).min(1).describe("Routers of all sites."),
  switches: z.array(switchSchema).min(1).describe("Switches of all sites."),
});

export const file = {
  key: "network",
  name: "network",
  path: "network.yaml",
  shown: "network.yaml",
  title: "The platform's network",
  schema,
  judged: "declared",
} as const satisfies FileKind;
