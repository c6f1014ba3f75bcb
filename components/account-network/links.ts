/**
 * Device group of the host's ends of all accounts' links: rules of the firewall are about the group, so no rule names an account.
 * Unused by Debian, whose links are all in group 0.
 */
export const linkGroup = 66;

/** Names of these ends: this and the account's number, at most 11 of the 15 characters that Linux allows. */
export const linkPrefix = "acc";

/** Marks the routes to accounts' networks, so that they are not taken for others: 0 to 255, unused in iproute2's rt_protos. */
export const linkRouteProtocol = 67;

/** Shared address space (RFC 6598), in which accounts have their IPv4 addresses: never seen outside of the host. */
export const accounts4 = "100.64.0.0/10";

/**
 * Address of the resolver, the same on every host and on that alone: unique local (RFC 4193), its 40 bits chosen at random. Every sandbox
 * has it in /etc/resolv.conf, so no file differs between accounts.
 */
export const resolver = "fd6a:9c41:7be5::53";

/** A bound of an account's connections to the outside: one of its limits (components/plan/limits.ts). */
interface Bound {
  /** Unless the plan or the account has another. */
  readonly usual: number;
  /** Which connections it is about, in nft syntax. Without it all. */
  readonly of?: string;
  /** What is beyond it, in nft syntax: nothing if each connection is. */
  readonly over: (most: number) => string;
}

/**
 * What an account may have open and begin outside of its network. Steady traffic does not reset `open`, which counts what is open at this
 * moment; the others refill steadily. Beyond them a call is refused at once: ECONNREFUSED, and EACCES
 * for what is not TCP. The account's log says how many were (say-bounds.sh).
 */
export const bounds = {
  /** Connections, and the kernel's entries of those that ended within the last minutes. At about 400 bytes each, 400 kB an account. */
  open: { usual: 1000, over: (most) => `ct count over ${most}` },
  /** New ones a second, and ten times as many at once. */
  rate: { usual: 50, over: (most) => `limit rate over ${most}/second burst ${10 * most} packets` },
  /** Of those, to the ports of mail (25, 465, 587): so many a minute, and as many at once. */
  mail: {
    usual: 60,
    of: "tcp dport { 25, 465, 587 }",
    over: (most) => (most === 0 ? "" : `limit rate over ${most}/minute burst ${most} packets`),
  },
} as const satisfies Readonly<Record<string, Bound>>;

export type BoundName = keyof typeof bounds;
export const boundNames = Object.keys(bounds) as readonly BoundName[];

/** A bound by its name. */
export function boundOf(name: BoundName): Bound {
  return bounds[name];
}

/** The rule of the firewall that refuses what is beyond a bound, for one account. */
export function boundRule(name: BoundName, most: number): string {
  const { of, over } = boundOf(name);
  return [of, over(most), `goto over_${name}`].filter((part) => part).join(" ");
}

/** What an account may do with the host that serves it, the same for all. */
export const outgoing = {
  /** New visits of front end and services on the same host: 50 a second, and 500 at once. */
  visits: "50/second burst 500 packets",
  /** Queries of the resolver, in packets. More than the resolver itself answers (render-resolver.ts): this spares it the work. */
  queries: "1000/second burst 2000 packets",
  /**
   * Connections of the resolver that one account holds at the same time: the resolver has {@link resolverConnections} for all. Programs need one for an answer that is too large for a
   * datagram. The kernel looks for ended ones once a tick (4 ms), so those that follow each other faster count as held: 10 refused a program that asked 20 times in turn.
   */
  asking: 40,
  /** New ones a second, and ten times as many at once: so it has no more than 1,300 entries of the kernel's table for those that ended within two minutes. */
  asks: "10/second burst 100 packets",
  /** Lines in the log of what accounts call. Beyond that calls are only counted (set `unlogged`). */
  logged: "5/second burst 200 packets",
} as const;

/** Connections of all accounts that the resolver serves at the same time. Each has a buffer of 64 KiB: 50 MiB of the resolver's 256. */
export const resolverConnections = 800;

/** Ports on which services of accounts are visited, at the account's own address: outside of what the host itself offers. */
export const visitedPorts = { first: 8300, last: 8499 } as const;

/**
 * What visitors of one account's services may do together. There is no bound of open connections: the firewall remembers none, and each is
 * a socket in the account's own network, within its memory and the open files of its processes.
 */
export const incoming = {
  /** New ones: 100 a second, and 1000 at once. It refills steadily; beyond it a visitor's program tries again after a second. */
  rate: "100/second burst 1000 packets",
  /** TCP's largest segment: 1280 octets, which each link of IPv6 takes (RFC 8200 section 5), without the headers of IPv6 and TCP. */
  segment: 1220,
} as const;

/** The address of an account in its own network: `<prefix>::2`. */
export function addressInside(prefix: string): string {
  return `${prefix.replace(/\/64$/, "")}2`;
}

/** Group of nfnetlink_log(4) to which the firewall gives what accounts call. */
export const logGroup = 66;
