import { plainAddress4 } from "../../../lib/systemd/unit-file.ts";
import {
  accounts4,
  type BoundName,
  boundNames,
  boundOf,
  incoming,
  linkGroup,
  linkPrefix,
  logGroup,
  outgoing,
  resolver,
} from "../../account-network/links.ts";
import type { OwnPorts } from "../../registry/bundle/renderer.ts";
import { firstEphemeral, forOwnPorts, forPorts, ownPortsSet } from "./open-ports.ts";

/** What the firewall counts and looks up for accounts, and the chains that judge what they send and what is sent to them. */

/** Refuses what is beyond a bound of accounts that have no other. A count is forgotten by itself, a rate has its set's timeout. */
function usualBound(name: BoundName): string {
  const { usual, of = "", over } = boundOf(name);
  const match = `${of} ${name === "open" ? "add" : "update"} @${name} { iifname ${over(usual)} } goto over_${name}`;
  return `    ${match.trim()}\n`;
}

export function setsOfAccounts(own: readonly OwnPorts[]): string {
  return `  # The kernel adds an element for each account, and removes it when nothing is left of what it counts. By name: the network of an account
  # that sleeps and wakes has another index, its connections stay in the kernel's table.
  set open { type ifname; size 65535; flags dynamic; }
  set rate { type ifname; size 65535; flags dynamic, timeout; timeout 1m; }
  set mail { type ifname; size 65535; flags dynamic, timeout; timeout 5m; }
${boundNames
  .map(
    (name) => `  set over_${name} { type ifname; size 65535; flags dynamic; counter; }
`,
  )
  .join("")}  set visits_of_host { type ifname; size 65535; flags dynamic, timeout; timeout 1m; }
  set pings { type ifname; size 65535; flags dynamic, timeout; timeout 1m; }
  set queries { type ifname; size 65535; flags dynamic, timeout; timeout 1m; }
  set asking { type ifname; size 65535; flags dynamic; }
  set asks { type ifname; size 65535; flags dynamic, timeout; timeout 1m; }
  set logged { type ifname; size 65535; flags dynamic, timeout; timeout 5m; }
  set visits { type ipv6_addr; size 65535; flags dynamic, timeout; timeout 1m; }
  set unlogged { type ifname; size 65535; flags dynamic, timeout; timeout 1d; counter; }

  # Ports of accounts' services: what visitors call, and what the account has in its network. Then the same the other way round.
  map services { type ipv6_addr . inet_service : ipv6_addr; }
  map answers { type ipv6_addr . inet_service : ipv6_addr; }

  # Addresses of accounts that have ports which others have not.
${own.map(({ name }) => `  set ${ownPortsSet(name)} { type ipv6_addr; }\n`).join("")}
  # Accounts whose bounds are not the usual ones have a chain with theirs.
  map bounds { type ifname : verdict; }
  # Accounts that have rules of their own have chains with them: what they call by their link, what calls them by their address.
  map rules_out { type ifname : verdict; }
  map rules_in { type ipv6_addr : verdict; }

`;
}

/** What these chains must know. */
interface Offered {
  /** Ports that all accounts of a host offer to the outside, in nft syntax; empty if there are none. */
  readonly offeredTcp: string;
  readonly offeredUdp: string;
  /** Ports that only some accounts have. */
  readonly ownPorts: readonly OwnPorts[];
  /** The IPv4 address that accounts are seen with outside; without it, whichever the host has. */
  readonly address4: string | undefined;
}

/** They jump to the chains of the host's own rules, `of_host_in` and `of_host_out`, and find sites and infrastructure in sets of the table. */
export function chainsOfAccounts({ offeredTcp, offeredUdp, ownPorts, address4 }: Offered): string {
  const refuse = "counter goto refuse";
  const begins = "tcp flags & (fin | syn | rst | ack) == syn";
  // Above the ports that are open to everybody: an answer is never taken for a visitor.
  const source = address4 === undefined ? "masquerade to" : `snat ip to ${plainAddress4(address4)}`;
  return `  # Of the host an account reaches the resolver, and what all accounts offer to the public.
  chain from_account_to_host {
    fib saddr . iif oif eq 0 counter drop comment "an account sends with an address that is not its own"
    ip6 daddr ${resolver} meta l4proto { tcp, udp } th dport 53 goto ask_resolver
    ip6 daddr @infrastructure counter goto refuse comment "an account calls the infrastructure"
    icmpv6 type { packet-too-big, destination-unreachable, time-exceeded } accept
    ct state established,related accept
    iifname vmap @rules_out
${forPorts(offeredTcp, `tcp dport { ${offeredTcp} } ${begins} update @visits_of_host { iifname limit rate over ${outgoing.visits} } ${refuse}`)}${forPorts(offeredTcp, `tcp dport { ${offeredTcp} } accept`)}${forPorts(offeredUdp, `udp dport { ${offeredUdp} } accept`)}${forOwnPorts(ownPorts, "d", () => `${begins} update @visits_of_host { iifname limit rate over ${outgoing.visits} } ${refuse}`)}${forOwnPorts(ownPorts, "d", ({ name }) => `goto ${name}_of_account`)}    icmpv6 type echo-request update @pings { iifname limit rate 50/second burst 100 packets } accept
    icmp type echo-request update @pings { iifname limit rate 50/second burst 100 packets } accept
    counter goto refuse comment "an account calls the host"
  }
  chain ask_resolver {
    update @queries { iifname limit rate over ${outgoing.queries} } counter drop
    meta l4proto udp accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    # Not refused: who asks much tries again after a second, and has its answer then.
    add @asking { iifname ct count over ${outgoing.asking} } counter drop comment "an account holds connections of the resolver"
    update @asks { iifname limit rate over ${outgoing.asks} } counter drop comment "an account opens connections of the resolver"
    accept
  }

  chain forward {
    type filter hook forward priority filter; policy drop;
    iifgroup ${linkGroup} goto from_account
    oifgroup ${linkGroup} goto to_account
    counter comment "dropped: this host is no router"
  }

  chain from_account {
    fib saddr . iif oif eq 0 counter drop comment "an account sends with an address that is not its own"
    ct state untracked meta l4proto tcp goto about_service
    ct state vmap { established : accept, related : accept, invalid : drop }
    oifgroup ${linkGroup} counter goto refuse comment "an account calls a neighbour's network"
    ip6 daddr @infrastructure counter goto refuse comment "an account calls the infrastructure"
    ip6 daddr @sites goto new_connection
    ip6 daddr @closed6 counter goto refuse comment "an account calls what is not of the Internet"
    ip daddr @closed4 counter goto refuse comment "an account calls what is not of the Internet"
    goto new_connection
  }

  # Answers of an account's services, and what it sends to those of others.
  chain about_service {
    ip6 daddr @infrastructure counter goto refuse comment "an account calls the infrastructure"
    ip6 saddr . tcp sport @answers tcp flags & (syn | ack) != syn accept
    ip6 saddr . tcp sport @answers counter goto refuse comment "a service calls out from its own port"
    fib daddr . iif oif ne 0 counter goto refuse comment "an account visits itself"
    iifname vmap @rules_out
    ${begins} update @visits_of_host { iifname limit rate over ${outgoing.visits} } ${refuse}
    goto visit
  }

  chain new_connection {
    # Everything else has no use for accounts; neighbour discovery is untracked.
    meta l4proto != { tcp, udp, icmp, icmpv6 } ${refuse}
    ct state != new counter drop
    tcp dport 179 counter goto refuse comment "an account calls BGP"
    jump of_host_out
    iifname vmap @rules_out
    iifname vmap @bounds
${boundNames.map(usualBound).join("")}    accept
  }
${boundNames
  .map(
    (name) => `  chain over_${name} {
    update @over_${name} { iifname } counter goto refuse
  }
`,
  )
  .join("")}
  # At once, so that no program waits. The kernel sends only one error of ICMP a second, but each reset.
  chain refuse {
    meta l4proto tcp reject with tcp reset
    reject with icmpx admin-prohibited
  }

  chain to_account {
    ip6 daddr . tcp dport @answers ct state untracked goto visit_from_outside
    ct state vmap { established : accept, related : accept, invalid : drop }
    counter comment "dropped: not offered by an account"
  }
  chain visit_from_outside {
    fib saddr type local counter drop
    fib saddr oifname "${linkPrefix}*" counter drop
    jump of_host_in
    goto visit
  }
  chain visit {
    ip6 daddr vmap @rules_in
    ${begins} update @visits { ip6 daddr limit rate over ${incoming.rate} } counter drop comment "too many new visitors of an account's services"
    ip6 daddr . tcp dport @answers accept
    counter drop
  }

  chain source {
    type nat hook postrouting priority srcnat;
    iifgroup != ${linkGroup} return
    oifgroup ${linkGroup} return
    ip saddr ${accounts4} meta l4proto { tcp, udp } ${source}:${firstEphemeral}-65535
    ip saddr ${accounts4} ${source.replace(/ to$/, "")}
  }

  # After source NAT: a line has the account (its link), and address and port as they are seen outside.
  chain egress {
    type filter hook postrouting priority srcnat + 1; policy accept;
    iifgroup ${linkGroup} ct state new jump log_egress
  }
  chain log_egress {
    update @logged { iifname limit rate ${outgoing.logged} } log group ${logGroup} snaplen 64 return
    update @unlogged { iifname }
  }

`;
}
