import { bans } from "../network/nftables.host.ts";
import { mostBans, tooMany } from "./bounds.ts";

/** What the rules must know of the host, in nft syntax; ports may be empty. */
interface Banned {
  /** Ports of visitors. */
  readonly tcp: string;
  readonly udp: string;
  /** Ports of accounts' own addresses. */
  readonly ofAccounts: string;
  readonly controllers6: readonly string[];
  readonly controllers4: readonly string[];
  readonly sites: readonly string[];
  readonly infrastructure: readonly string[];
}

/**
 * Rules about banned addresses. They have a table of their own, which a load of the firewall empties of its rules but not of its sets: a ban
 * lasts its time whatever is deployed meanwhile. It is before everything else, and for packets of open connections too: a visitor could go on
 * guessing on one. SSH of the host itself is not closed: who may reach it says the firewall, and its server has penalties of its own.
 *
 * A set that has another definition than the one in the kernel is refused by nft(8): what changes here gets another name.
 */
export function banTable({ tcp, udp, ofAccounts, controllers6, controllers4, sites, infrastructure }: Banned): string {
  const set = (family: 6 | 4, type: string) =>
    `  set ${bans.sets[family]} { type ${type}; size ${mostBans}; flags timeout; timeout ${tooMany.seconds}s; }\n`;
  const rule = (elements: string | readonly string[], text: (elements: string) => string) =>
    elements.length === 0 ? "" : `    ${text([elements].flat().join(", "))}\n`;
  const refuse = (what: string) => `counter reject with ${what} comment "an address is banned"`;
  return `add table inet ${bans.table}
flush table inet ${bans.table}
table inet ${bans.table} {
${set(6, "ipv6_addr")}${set(4, "ipv4_addr")}
  chain before {
    type filter hook prerouting priority raw - 10; policy accept;
    iif lo accept
    ip6 saddr & ffff:ffff:ffff:ffff:: @${bans.sets[6]} goto banned
    ip saddr @${bans.sets[4]} goto banned
  }
  chain banned {
${rule(controllers6, (them) => `ip6 saddr { ${them} } accept`)}${rule(controllers4, (them) => `ip saddr { ${them} } accept`)}    fib daddr type != local accept
${rule(tcp, (ports) => `tcp dport { ${ports} } ${refuse("tcp reset")}`)}${rule(udp, (ports) => `udp dport { ${ports} } ${refuse("icmpx port-unreachable")}`)}${rule(infrastructure, (them) => `ip6 daddr { ${them} } accept`)}${rule(sites, (them) => `ip6 daddr { ${them} } tcp dport { ${ofAccounts} } ${refuse("tcp reset")}`)}  }
}
`;
}
