import { type BundleFile, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { plain, plainAddress, plainAddress4 } from "../../lib/unit-file.ts";
import { sshFlood, sshListens } from "../access/links.ts";
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
} from "../account-network/links.ts";
import { acceptedPorts, chainRules } from "../firewall/render-rules.ts";
import { familyOf } from "../firewall/rule.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import type { OpenPort } from "../registry/renderer.ts";
import { controllerSets } from "./nftables.host.ts";
import { firstEphemeral, portSet } from "./open-ports.ts";

/** Where each account has its own elements of the sets. */
export const accountsFolder = "nftables/accounts";

/** What the firewall must know beside the host itself. */
export interface Surroundings {
  /** What the kinds open, SSH among them. */
  readonly openPorts: readonly OpenPort[];
  /** Every uid an account can have, `200001-265535`. */
  readonly accountUids: string;
  /** Prefixes of all sites. */
  readonly sites: readonly string[];
  /** Subnet 0 of all sites: hosts, routers, management controllers, which accounts never reach. */
  readonly infrastructure: readonly string[];
  /** Ranges of the platform; outside of the sites' prefixes they are its own too. */
  readonly owned: readonly string[];
  /** Addresses of controllers, of both IP versions. Without one, SSH of the host is for everybody. */
  readonly controllers: readonly string[];
  /** The IPv4 address that accounts are seen with outside; without it, whichever the host has. */
  readonly address4?: string;
}

const plainRange = plain(/[0-9a-f:]+(?:\/\d+)?/, "IPv6 range");
const plainRange4 = plain(/[0-9.]+(?:\/\d+)?/, "IPv4 range");

/** Refuses what is beyond a bound of accounts that have no other. A count is forgotten by itself, a rate has its set's timeout. */
function usualBound(name: BoundName): string {
  const { usual, of = "", over } = boundOf(name);
  const match = `${of} ${name === "open" ? "add" : "update"} @${name} { iif ${over(usual)} } goto over_${name}`;
  return `    ${match.trim()}\n`;
}

/** What is not global unicast (RFC 4291), and tunnels that would lead to any address of IPv4 (Teredo, 6to4). */
const closed6 = ["::/3", "4000::/2", "8000::/1", "2001::/32", "2002::/16"];
/** What is not of the Internet (RFC 6890). */
const closed4 = [
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"],
];

/**
 * The firewall: one table, replaced in one step. Its rules are the same whatever accounts the host has: their links are in one group, the kernel's
 * routes say which address is whose, and bounds of an account are elements that the kernel adds when it is awake. What an account declares
 * of its own are elements in a file of its own (components/account-network/render-account-firewall.ts).
 */
export function renderTable(host: BareMetalHostInputs, around: Surroundings): BundleFile[] {
  const { openPorts, accountUids, sites, infrastructure, owned, controllers, address4 } = around;
  const routers = host.routers.map(({ address }) => plainAddress(address)).toSorted();
  // BFD has one hop (RFC 5881 section 5).
  const bgp = (side: "saddr" | "daddr") =>
    routers.length > 0
      ? `    ip6 ${side} { ${routers.join(", ")} } tcp dport 179 accept
    ip6 ${side} { ${routers.join(", ")} } udp dport 3784 ip6 hoplimit 255 accept\n`
      : "";
  const rules = host.firewall ?? [];
  const chain = (name: string, lines: readonly string[]) => `  chain ${name} {
${lines.map((line) => `    ${line}\n`).join("")}  }
`;
  const udp = portSet(openPorts, "udp");
  // What rules of the host open is not remembered either.
  const accepted = acceptedPorts(rules).filter(([, last]) => last < firstEphemeral);
  const untracked = portSet(
    [...openPorts, ...accepted.map((port): OpenPort => ({ protocol: "tcp", port, of: "host" }))],
    "tcp",
  );
  const own = openPorts.filter(({ of }) => of === "host");
  const offered = openPorts.filter(({ of }) => of !== "host");
  const ownTcp = portSet(own, "tcp");
  const [controllers6, controllers4] = ([6, 4] as const).map((family) =>
    controllers.filter((each) => familyOf(each) === family),
  ) as [string[], string[]];
  const [offeredTcp, offeredUdp] = [portSet(offered, "tcp"), portSet(offered, "udp")];
  const rule = (ports: string, text: string) => (ports === "" ? "" : `    ${text}\n`);
  const set = (name: string, type: string, elements: readonly string[]) =>
    elements.length === 0
      ? `  set ${name} { type ${type}; flags interval; }`
      : `  set ${name} { type ${type}; flags interval; auto-merge; elements = { ${elements.join(", ")} }; }`;
  const refuse = "counter goto refuse";
  const begins = "tcp flags & (fin | syn | rst | ack) == syn";
  // Above the ports that are open to everybody: an answer is never taken for a visitor.
  const source = address4 === undefined ? "masquerade to" : `snat ip to ${plainAddress4(address4)}`;
  return [
    {
      path: "nftables/fairhost.nft",
      content: `#!/usr/sbin/nft -f
destroy table inet fairhost

table inet fairhost {
  # Hosts, routers, management controllers.
${set("infrastructure", "ipv6_addr", infrastructure.map(plainRange))}
${set("sites", "ipv6_addr", sites.map(plainRange))}
  # What is not of the Internet, and what else the platform has.
${set("closed6", "ipv6_addr", [...closed6, ...owned.map(plainRange)])}
${set("closed4", "ipv4_addr", closed4)}
  # Where deliveries come from: SSH of the host is theirs whatever else is declared.
${set(controllerSets[6], "ipv6_addr", controllers6.map(plainRange))}
${set(controllerSets[4], "ipv4_addr", controllers4.map(plainRange4))}

  # The kernel adds an element for each account that is awake, and removes it when it is no longer used.
  set open { type iface_index; size 65535; flags dynamic; }
  set rate { type iface_index; size 65535; flags dynamic, timeout; timeout 1m; }
  set mail { type iface_index; size 65535; flags dynamic, timeout; timeout 5m; }
${boundNames
  .map(
    (name) => `  set over_${name} { type ifname; size 65535; flags dynamic; counter; }
`,
  )
  .join("")}  set visits_of_host { type iface_index; size 65535; flags dynamic, timeout; timeout 1m; }
  set pings { type iface_index; size 65535; flags dynamic, timeout; timeout 1m; }
  set queries { type iface_index; size 65535; flags dynamic, timeout; timeout 1m; }
  set logged { type iface_index; size 65535; flags dynamic, timeout; timeout 5m; }
  set visits { type ipv6_addr; size 65535; flags dynamic, timeout; timeout 1m; }
  set unlogged { type iface_index; size 65535; flags dynamic, timeout; timeout 1d; counter; }

  # Ports of accounts' services: what visitors call, and what the account has in its network. Then the same the other way round.
  map services { type ipv6_addr . inet_service : ipv6_addr; }
  map answers { type ipv6_addr . inet_service : ipv6_addr; }

  # Accounts whose bounds are not the usual ones have a chain with theirs.
  map bounds { type ifname : verdict; }
  # Accounts that have rules of their own have chains with them: what they call by their link, what calls them by their address.
  map rules_out { type ifname : verdict; }
  map rules_in { type ipv6_addr : verdict; }

  # The kernel remembers no connection that anybody outside may open: whoever opened many would fill its table, and the host would be
  # out of reach, SSH included. So the rules below must hold packet by packet. Errors in IPv4 are looked at: they may be about a connection
  # of an account whose address is translated. They are never remembered.
  chain untracked_in {
    type filter hook prerouting priority raw; policy accept;
    iif lo accept
    ip6 daddr ${resolver} notrack
    meta l4proto icmpv6 fib daddr type local notrack
    icmp type echo-request notrack
${rule(untracked, `tcp dport { ${untracked} } fib daddr type local notrack`)}    ip6 daddr . tcp dport @services goto to_service
    iifgroup ${linkGroup} ip6 saddr . tcp sport @answers notrack
  }
  # Only the address is exchanged, packet by packet. Without memory of connections no error about a packet's size could be led back, so
  # every answer fits any way (RFC 8200 section 5: 1280 octets).
  chain to_service {
    tcp flags syn tcp option maxseg size set ${incoming.segment}
    notrack
    ip6 daddr set ip6 daddr . tcp dport map @services
  }
  chain from_service {
    type filter hook postrouting priority srcnat - 1; policy accept;
    ct state untracked ip6 saddr set ip6 saddr . tcp sport map @answers
  }
  chain untracked_out {
    type filter hook output priority raw; policy accept;
    oif lo accept
    ip6 saddr ${resolver} notrack
    meta l4proto icmpv6 notrack
    icmp type echo-reply notrack
${rule(untracked, `tcp sport { ${untracked} } notrack`)}    ip6 saddr . tcp sport @answers notrack
    ip6 daddr . tcp dport @answers notrack
  }

  # Port 22 of accounts' addresses is theirs: their sockets listen on another, because the host's own SSH server has 22 on all addresses.
  # A connection stays untracked, and keeps its addresses and ports. Without a socket there is no SSH.
  chain ssh_of_accounts {
    type filter hook prerouting priority mangle; policy accept;
    meta l4proto != tcp accept
    tcp dport != 22 accept
    meta nfproto ipv4 accept
    ip6 daddr != @sites accept
    ip6 daddr @infrastructure accept
    fib daddr type != local accept
    tcp flags & (fin | syn | rst | ack) == syn limit rate over ${sshFlood} counter drop comment "too many connections to SSH of accounts"
    jump of_host_in
    ip6 daddr vmap @rules_in
    meta l4proto tcp tproxy ip6 to ip6 daddr:${sshListens} accept
    counter reject with tcp reset comment "SSH of an account that has none"
  }

  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    iifgroup ${linkGroup} goto from_account_to_host
    # Nobody outside has an address of this host or of one of its accounts.
    fib saddr type local counter drop
    fib saddr oifname "${linkPrefix}*" counter drop
    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    ct state vmap { established : accept, related : accept, invalid : drop }
    # ICMPv6, RFC 4890 section 4.4: errors, echo, neighbours, router and group management; neighbours only from the link.
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-reply } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } ip6 hoplimit 255 accept
    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 saddr fe80::/10 accept
${bgp("saddr")}${rule(ownTcp, `tcp dport { ${ownTcp} } goto ssh_of_host`)}    jump of_host_in
    icmp type echo-request accept
    icmpv6 type echo-request accept
${rule(offeredTcp, `tcp dport { ${offeredTcp} } accept`)}${rule(offeredUdp, `udp dport { ${offeredUdp} } accept`)}    counter comment "dropped: not offered to the outside"
  }

  # Rules of the host, after all that the platform needs: back from them, the rules of the platform decide.
${chain("of_host_in", chainRules(rules, "in", "goto opened"))}
${chain("of_host_out", chainRules(rules, "out"))}
  # What a rule of the host lets in is let in to the host alone: what an account has is offered by the account.
  chain opened {
    meta nfproto ipv4 accept
    ip6 daddr @infrastructure accept
    ip6 daddr @sites return
    accept
  }

  # Its own ports: for controllers always, and for everybody if none is declared, since the controller is somebody then.
  chain ssh_of_host {
${
  controllers.length === 0
    ? ""
    : `    ip6 saddr @${controllerSets[6]} accept
    ip saddr @${controllerSets[4]} accept
    jump of_host_in
`
}    accept
  }

  # Of the host an account reaches the resolver, and what all accounts offer to the public.
  chain from_account_to_host {
    fib saddr . iif oif eq 0 counter drop comment "an account sends with an address that is not its own"
    ip6 daddr ${resolver} meta l4proto { tcp, udp } th dport 53 goto ask_resolver
    ip6 daddr @infrastructure counter goto refuse comment "an account calls the infrastructure"
    icmpv6 type { packet-too-big, destination-unreachable, time-exceeded } accept
    ct state established,related accept
    iifname vmap @rules_out
${rule(offeredTcp, `tcp dport { ${offeredTcp} } ${begins} update @visits_of_host { iif limit rate over ${outgoing.visits} } ${refuse}`)}${rule(offeredTcp, `tcp dport { ${offeredTcp} } accept`)}${rule(offeredUdp, `udp dport { ${offeredUdp} } accept`)}    icmpv6 type echo-request update @pings { iif limit rate 50/second burst 100 packets } accept
    icmp type echo-request update @pings { iif limit rate 50/second burst 100 packets } accept
    counter goto refuse comment "an account calls the host"
  }
  chain ask_resolver {
    update @queries { iif limit rate over ${outgoing.queries} } counter drop
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
    ${begins} update @visits_of_host { iif limit rate over ${outgoing.visits} } ${refuse}
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
    update @logged { iif limit rate ${outgoing.logged} } log group ${logGroup} snaplen 64 return
    update @unlogged { iif }
  }

  # Accounts have networks of their own and get no socket of the host's: should one ever reach them, it may answer, never call.
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    meta skuid ${accountUids} counter reject comment "an account calls out through the host's network"
${rule(untracked, `tcp sport { ${untracked} } tcp flags & (syn | ack) == syn counter reject with tcp reset comment "a socket of an open port calls out"`)}${rule(udp, `udp sport { ${udp} } counter reject comment "a socket of an open port calls out"`)}    oifgroup ${linkGroup} ct state untracked accept comment "answers of the front end and of the resolver"
    oifgroup ${linkGroup} counter reject comment "the host calls an account"
    oif lo accept
${rule(untracked, `tcp sport { ${untracked} } accept comment "answers"`)}    ip6 saddr . tcp sport @answers accept comment "refusals in the name of an account's service"
    icmpv6 type != echo-request accept
    icmp type != echo-request accept
${bgp("daddr")}    jump of_host_out
  }
}

include "${currentGeneration}/${accountsFolder}/*"
`,
    },
  ];
}
