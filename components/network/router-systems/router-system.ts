import { plain, plainAddress, plainAddress4 } from "../../../lib/systemd/unit-file.ts";
import type { Part } from "../../registry/bundle/renderer.ts";
import type { RouterPlan } from "./router-plan.ts";

/**
 * What routers of a maker run: one folder each below `router-systems/`, in a file `<name>.router-system.ts` that exports it as
 * `routerSystem`. `npm run generate` lists them in router-systems.generated.ts.
 */
export interface RouterSystem {
  /** As `manufacturer` of routers says it. */
  readonly manufacturer: string;
  /** Where the configuration belongs on the router, for people. */
  readonly file: string;
  /** Whether tests run it: a program that Debian has. Otherwise only its text is compared. */
  readonly tried: boolean;
  /** How its ports are called. */
  readonly ports: { readonly format: RegExp; readonly says: string };
  /** The routing configuration: sessions, filters, failure detection. */
  render(plan: RouterPlan): string;
  /** How deliveries bring it; undefined: its files are only written. */
  readonly delivered?: DeliveredSystem;
  /** What it needs beside: how its programs are started, and its interfaces if the inventory names its ports. */
  others(plan: RouterPlan): readonly RouterFile[];
}

/** A router that runs Debian, to which deliveries bring files as to hosts. */
export interface DeliveredSystem {
  /** Debian packages beside those of {@link debianPackages}. */
  readonly packages: readonly string[];
  /** Its files and units. */
  bundle(plan: RouterPlan): Required<Pick<Part, "files" | "units">>;
}

/** A file of a router, by its path there. */
export interface RouterFile {
  readonly path: string;
  readonly content: string;
}

/** Names in configurations: no character means anything in any of them. */
export const plainName = plain(/[a-z][a-z0-9-]*/, "name");
/** A prefix of either family. */
export const plainPrefix = plain(/[0-9a-f:]+\/\d{1,3}|\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}/, "IP prefix");

/**
 * Detection of a lost neighbour (BFD, RFC 5880). A router is given up after three intervals, 600 ms, whatever the traffic: BFD sends packets
 * of its own. A link or switch is replaced in less, by the bond under the session, which stays up. Not between two routers (`linkTimers`).
 */
export const bfd = { intervalMs: 200, multiplier: 3 } as const;

/**
 * Seconds of BGP's timers. `hold` matters only without BFD. `connect`: how long until a neighbour that is back is called again. A
 * router that starts tells nobody of its routes for at most `settle` seconds, until its neighbours have told theirs: visitors would
 * come to a router that does not know the hosts yet. Steady traffic does not touch any of them.
 */
export const timers = { hold: 90, keepalive: 30, connect: 1, connectMost: 2, settle: 15 } as const;

/**
 * Seconds of the timers of a session between two routers. Without BFD: FRR 10.3 tells BFD whether a neighbour of its own AS is one hop away or
 * many when it reads its configuration, and takes many where it does not know its links yet. The other end answers one hop alone, so BFD
 * never came up and with it no session (in 3 of 15 whole trials). A link that is cut, or a router without power, ends the session at once
 * since the link is down; `hold` is for a router that hangs with its links up, which hosts and operators notice by BFD.
 */
export const linkTimers = { hold: 9, keepalive: 3 } as const;

/** What differs between IPv6 and IPv4 in what routers take and tell. */
export interface Family {
  readonly version: 6 | 4;
  /** Behind names of filters, lists and tables. */
  readonly suffix: "" | "4";
  readonly default: string;
  readonly bits: number;
  /**
   * Prefixes that a neighbour may announce. More means that it is broken, or leaks: the session ends. With an operator it stays down until
   * somebody has looked, since the other operators carry the traffic; a host's begins again by itself. BIRD and FRR count what their filters
   * take. Of a host it is the least limit: {@link limitOfHost}.
   */
  readonly limits: { readonly operator: number; readonly host: number };
  /** Prefixes that operators may announce: none longer than is customary (RFC 7454 section 6.1.3). */
  readonly accepted: { readonly range: string; readonly shortest: number; readonly longest: number };
  /** What inside it is not of the Internet (IANA's registries of special addresses, RFC 6890). */
  readonly bogons: readonly string[];
}

/** IPv6: global unicast (RFC 4291). It has about 250,000 prefixes (end of 2026). */
export const ipv6: Family = {
  version: 6,
  suffix: "",
  default: "::/0",
  bits: 128,
  limits: { operator: 500_000, host: 2_000 },
  accepted: { range: "2000::/3", shortest: 12, longest: 48 },
  // Teredo, benchmarks, ORCHID, documentation, 6to4.
  bogons: ["2001::/32", "2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "2002::/16", "3fff::/20"],
};

/** IPv4 has about 1,100,000 prefixes (end of 2026). A host announces one address. */
export const ipv4: Family = {
  version: 4,
  suffix: "4",
  default: "0.0.0.0/0",
  bits: 32,
  limits: { operator: 2_000_000, host: 10 },
  accepted: { range: "0.0.0.0/0", shortest: 8, longest: 24 },
  bogons: [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    // Multicast, and what is reserved, with the address of all.
    "224.0.0.0/4",
    "240.0.0.0/4",
  ],
};

/**
 * Prefixes that a host may announce: at least twice what is its own, so that no declaration ends the session that it is for. In steps: few changes
 * change it.
 */
export const limitOfHost = (family: Family, { prefixes }: RouterPlan["hosts"][number]): number =>
  family.limits.host * Math.max(1, Math.ceil((2 * prefixesOf(family, prefixes).length) / family.limits.host));

/** The family of a prefix. */
export const familyOf = (prefix: string): Family => (prefix.includes(":") ? ipv6 : ipv4);

/** Those of the family. */
export const prefixesOf = ({ version }: Family, prefixes: readonly string[]): readonly string[] =>
  prefixes.filter((prefix) => familyOf(prefix).version === version);

/** Entries for prefixes of the family. */
export const roasOf = ({ version }: Family, roas: RouterPlan["roas"]): RouterPlan["roas"] =>
  roas.filter(({ prefix }) => familyOf(prefix).version === version);

/** Entries of each AS that may announce something: 0 is nobody. */
export const byOrigin = (roas: RouterPlan["roas"]) =>
  [...Map.groupBy(roas, ({ asNumber }) => asNumber)].filter(([origin]) => origin !== 0);

/** Families that a router speaks: IPv4 where the network has a range of it. The sessions are over IPv6, for both (RFC 8950). */
export const familiesOf = ({ owned }: Pick<RouterPlan, "owned">): readonly Family[] =>
  [ipv6, ipv4].filter((family) => prefixesOf(family, owned).length > 0);

/** Families of a session with a host: IPv4 where it has an address. */
export const familiesOfHost = (
  plan: Pick<RouterPlan, "owned">,
  { prefixes }: RouterPlan["hosts"][number],
): readonly Family[] => familiesOf(plan).filter((family) => family === ipv6 || prefixesOf(family, prefixes).length > 0);

/** Families of the session with an operator over IPv6: IPv4 where both have agreed on it. */
const familiesOfOperator = (
  plan: Pick<RouterPlan, "owned">,
  { ipv4: agreed }: RouterPlan["operators"][number],
): readonly Family[] => familiesOf(plan).filter((family) => family === ipv6 || agreed);

/**
 * The sessions with an operator: one over IPv6, for IPv4 too where both have agreed on it, and a second one over IPv4 where the operator
 * offers nothing else.
 */
export function sessionsOf(plan: Pick<RouterPlan, "owned">, operator: RouterPlan["operators"][number]) {
  const { address, neighbor, over4 } = operator;
  const first = { over: ipv6, address, neighbor, families: familiesOfOperator(plan, operator) };
  if (over4 === undefined || !familiesOf(plan).includes(ipv4)) return [first];
  return [first, { over: ipv4, address: over4.address, neighbor: over4.neighbor, families: [ipv4] }];
}

/** An address of either family, checked. */
export const plainEither = (address: string): string =>
  address.includes(":") ? plainAddress(address) : plainAddress4(address);

/** The sentence above a configuration. */
export function heading({ name, asNumber, interfaces }: RouterPlan): string {
  const apart = interfaces.length > 0 ? "" : " Interfaces and their addresses are set up apart.";
  return `Router ${name} of AS${asNumber}: routing.${apart} Made by Fairhost: changes are lost.`;
}
