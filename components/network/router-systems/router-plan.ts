import { Address6 } from "ip-address";
import { byKey, found } from "../../../lib/lists.ts";
import { UserError } from "../../../lib/user-error.ts";
import { subnetZero } from "../../declaring.ts";
import type { Declaration, RouterInputs } from "../../registry/kinds.generated.ts";
import { lengthOf, type Roa } from "../origins.ts";
import { interfacesOf, type RouterInterface } from "./router-interfaces.ts";
import { ipv4 } from "./router-system.ts";

/** What one router does, whoever made it: all that a router system needs to render its configuration. */
export interface RouterPlan {
  readonly name: string;
  readonly asNumber: number;
  /** 32 bits in the form of an IPv4 address, unique in the AS (RFC 6286). */
  readonly routerId: string;
  /** Its address in the site's subnet 0, where hosts reach it. */
  readonly address: string;
  /** Subnet 0 of its site. */
  readonly infrastructure: string;
  /** Ranges of both families that operators hear of, and that nobody outside may announce. */
  readonly owned: readonly string[];
  /** Who may announce which prefix to it (RFC 6811). Prefixes without an entry are not checked. */
  readonly roas: readonly Roa[];
  /** Whether all its neighbours are to prefer other ways (RFC 8326). */
  readonly gracefulShutdown: boolean;
  readonly hosts: readonly HostSession[];
  readonly routers: readonly RouterSession[];
  readonly operators: readonly OperatorSession[];
  /** Empty: somebody sets them up. */
  readonly interfaces: readonly RouterInterface[];
}

/** A session with a host of the site. */
export interface HostSession {
  readonly name: string;
  readonly address: string;
  readonly asNumber: number;
  /** The /64s of its accounts, and the IPv4 address of its front end as a /32: all that it may announce. */
  readonly prefixes: readonly string[];
}

/** A session over a direct link to another router of the AS. */
export interface RouterSession {
  readonly name: string;
  /** This router's end of the link, and the other's: the two addresses of a /127 (RFC 6164). */
  readonly address: string;
  readonly neighbor: string;
}

/** A session with an operator. */
export interface OperatorSession {
  readonly name: string;
  readonly asNumber: number;
  readonly address: string;
  readonly neighbor: string;
  /** Of the prefix that both are in. */
  readonly prefixLength: number;
  readonly bfd: boolean;
  /** Whether it carries IPv4, with IPv6 next hops. */
  readonly ipv4: boolean;
  /** Of a second session, which carries IPv4 over IPv4: for an operator that offers nothing else. */
  readonly over4?: Pick<OperatorSession, "address" | "neighbor" | "prefixLength">;
  readonly gracefulShutdown: boolean;
}

/**
 * The plan of every router, by name.
 * @throws UserError if two routers would have the same identifier, or one has none: all at once
 */
export function routerPlans(declaration: Declaration): RouterPlan[] {
  const { networks, routers, sites, hosts, addresses, frontEnds } = declaration;
  const [network] = networks;
  if (network === undefined) return [];
  const bySite = byKey(sites, ({ name }) => name);
  const prefixOf = ({ name, site }: RouterInputs) => found(bySite, site, `site of router ${name}`).prefix;
  const identifiers = identifiersOf(routers, prefixOf);
  const byName = byKey(routers, ({ name }) => name);
  const ofHost = Map.groupBy(addresses, ({ host }) => host);
  const addresses4 = new Map(frontEnds.flatMap(({ host, address4 }) => (address4 ? [[host, [`${address4}/32`]]] : [])));
  return routers.map((router) =>
    withInterfaces(router, {
      name: router.name,
      asNumber: network.asNumber,
      routerId: identifiers.get(router.name)!.join("."),
      address: router.address,
      infrastructure: subnetZero({ prefix: prefixOf(router) }),
      owned: [...network.prefixes.toSorted(), ...network.prefixes4.toSorted()],
      roas: network.roas ?? [],
      gracefulShutdown: router.gracefulShutdown ?? false,
      hosts: hosts
        .filter(({ site }) => site === router.site)
        .map(({ name, address, asNumber, lost }) => ({
          name,
          address,
          asNumber,
          prefixes: [
            ...(ofHost.get(name) ?? []).map(({ prefix }) => prefix).sort(),
            // It is the host's, not its accounts', so it does not go to other hosts with them: visitors would be led to what a lost host still runs.
            ...(lost === undefined ? (addresses4.get(name) ?? []) : []),
          ],
        })),
      routers: linkedTo(router, routers).map((name) => {
        const other = found(byName, name, `router linked to ${router.name}`);
        const ends = [router, other].sort((one, two) => (one.name < two.name ? -1 : 1)) as [RouterInputs, RouterInputs];
        const addresses = endsOf(prefixOf(ends[0]), identifiers.get(ends[0].name)!, identifiers.get(ends[1].name)!);
        const [own, others] = ends[0] === router ? addresses : addresses.toReversed();
        return { name, address: own!, neighbor: others! };
      }),
      operators: network.operators.flatMap(({ name, asNumber, sessions = [], gracefulShutdown = false }) =>
        sessions
          .filter((session) => session.router === router.name)
          .map(({ address, neighbor, prefixLength = 64, bfd = false, ipv4 = false, ...own }) => ({
            ...{ name, asNumber, address, neighbor, prefixLength, bfd, ipv4, gracefulShutdown },
            ...(own.address4 !== undefined &&
              own.neighbor4 !== undefined && {
                over4: { address: own.address4, neighbor: own.neighbor4, prefixLength: own.prefixLength4 ?? 31 },
              }),
          })),
      ),
    }),
  );
}

const withInterfaces = ({ ports }: RouterInputs, plan: Omit<RouterPlan, "interfaces">): RouterPlan => ({
  ...plan,
  interfaces: interfacesOf(ports ?? [], plan),
});

/** Operators' connections that no session is declared for, as sentences. */
export function withoutSessions({ networks }: Declaration): string[] {
  return networks.flatMap(({ operators }) =>
    operators.flatMap(({ name, routers, sessions = [] }) =>
      routers
        .filter((router) => !sessions.some((session) => session.router === router))
        .map(
          (router) =>
            `Router ${router} has no session with operator ${name}: give the addresses of both in \`sessions\`.`,
        ),
    ),
  );
}

/** Owned IPv4 ranges that no session brings outside, as sentences. */
export function withoutIpv4({ networks }: Declaration): string[] {
  return networks.flatMap(({ operators, prefixes4 }) =>
    operators.some(({ sessions = [] }) => sessions.some(({ ipv4, address4 }) => ipv4 || address4 !== undefined))
      ? []
      : prefixes4.map(
          (prefix) =>
            `No session with an operator carries IPv4, so these routers tell nobody outside of ${prefix}: agree on IPv4 with IPv6 next hops (RFC 8950), and set \`ipv4: true\` in \`sessions\`, or give \`address4\` and \`neighbor4\` of a second session.`,
        ),
  );
}

/** Owned IPv4 ranges that networks outside do not take, as sentences. */
export function tooLong({ networks }: Declaration): string[] {
  const { longest } = ipv4.accepted;
  return networks.flatMap(({ prefixes4 }) =>
    prefixes4
      .filter((prefix) => lengthOf(prefix) > longest)
      .map(
        (prefix) =>
          `The owned IPv4 range ${prefix} is longer than /${longest}: networks outside refuse it. Own the /${longest} around it.`,
      ),
  );
}

/** Routers at the other ends of its links, whichever end lists them. */
function linkedTo({ name, links }: RouterInputs, routers: readonly RouterInputs[]): string[] {
  const listing = routers.filter((other) => other.links.includes(name)).map((other) => other.name);
  return [...new Set([...links, ...listing])].filter((other) => other !== name).sort();
}

type Octets = readonly [number, number, number, number];

/** Of each router four octets: two of its site, behind the owned range, and the last two of its address. */
function identifiersOf(
  routers: readonly RouterInputs[],
  prefixOf: (router: RouterInputs) => string,
): ReadonlyMap<string, Octets> {
  const octetsOf = (router: RouterInputs): Octets => {
    const site = octets(prefixOf(router).replace(/\/\d+$/, ""));
    const own = octets(router.address);
    return [site[4]!, site[5]!, own[14]!, own[15]!];
  };
  const identifiers = new Map(routers.map((router) => [router.name, octetsOf(router)]));
  const wrong = [...Map.groupBy(routers, ({ name }) => identifiers.get(name)!.join("."))].flatMap(([id, same]) => {
    const [first, ...others] = same.map(({ name }) => name);
    if (id === "0.0.0.0") return [`router ${first} has no identifier: the last 16 bits of its address are zero`];
    return others.map((other) => `routers ${first} and ${other} have the same identifier ${id}`);
  });
  if (wrong.length === 0) return identifiers;
  throw new UserError(
    `${wrong.join("\n")}\nFix: give each router of a site an address whose last 16 bits no other router of the site has, and sites of several owned ranges prefixes that differ in bits 33 to 48.`,
  );
}

/** Both ends of a link: a /127 in subnet 0 of the first router's site, behind the identifiers of both. */
function endsOf(prefix: string, first: Octets, second: Octets): [string, string] {
  const own = octets(prefix.replace(/\/\d+$/, "")).slice(0, 8);
  return [0, 1].map((end) => Address6.fromByteArray([...own, first[2], first[3], ...second, 0, end]).correctForm()) as [
    string,
    string,
  ];
}

function octets(address: string): number[] {
  const hex = new Address6(address).bigInt().toString(16).padStart(32, "0");
  return hex.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
}
