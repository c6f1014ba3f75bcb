import { plain } from "../../../lib/systemd/unit-file.ts";
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
  /** The routing configuration: sessions, filters, failure detection. Interfaces and their addresses are not part of it. */
  render(plan: RouterPlan): string;
}

/** Names in configurations: no character means anything in any of them. */
export const plainName = plain(/[a-z][a-z0-9-]*/, "name");
/** An IPv6 prefix. */
export const plainPrefix6 = plain(/[0-9a-f:]+\/\d{1,3}/, "IPv6 prefix");

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

/**
 * Prefixes that a neighbour may announce. More means that it is broken, or leaks: the session ends. With an operator it stays down until somebody
 * has looked, since the other operators carry the traffic; a host's begins again after a minute. IPv6 has about 250,000 prefixes (end of 2026).
 */
export const prefixLimits = { operator: 500_000, host: 2_000 } as const;

/** Prefixes that operators may announce: global unicast (RFC 4291), none longer than is customary (RFC 7454 section 6.1.3). */
export const accepted = { range: "2000::/3", shortest: 12, longest: 48 } as const;

/** What inside it is not of the Internet: Teredo, benchmarks, ORCHID, documentation, 6to4 (IANA's registry of special addresses, RFC 6890). */
export const bogons = [
  "2001::/32",
  "2001:2::/48",
  "2001:10::/28",
  "2001:20::/28",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
] as const;

/** A list in a sentence of a comment. */
export function heading({ name, asNumber }: RouterPlan): string {
  return `Router ${name} of AS${asNumber}: routing. Interfaces and their addresses are set up apart. Made by Fairhost: changes are lost.`;
}
