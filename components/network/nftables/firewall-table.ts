import { type BundleFile, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { plain, plainAddress } from "../../../lib/systemd/unit-file.ts";
import { sshFlood, sshListens } from "../../access/bounds.ts";
import { incoming, linkGroup, linkPrefix, resolver } from "../../account-network/links.ts";
import { banTable } from "../../bans/ban-table.ts";
import { acceptedPorts, chainRules } from "../../firewall/render-rules.ts";
import { familyOf } from "../../firewall/rule.ts";
import { opening } from "../../http/front-end/connections.ts";
import type { OpenPort, OwnPorts } from "../../registry/bundle/renderer.ts";
import type { BareMetalHostInputs } from "../../registry/kinds.generated.ts";
import { controllerSets } from "../nftables.host.ts";
import { chainsOfAccounts, setsOfAccounts } from "./firewall-accounts.ts";
import { firstEphemeral, forOwnPorts, forPorts, ownPortSet, portSet } from "./open-ports.ts";

const over = (times: number) =>
  `limit rate over ${times * opening.perSecond}/second burst ${times * opening.burst} packets`;
const [callers, wideCallers] = [over(1), over(opening.network)];

/** Where each account has its own elements of the sets. */
export const accountsFolder = "nftables/accounts";

/** What the firewall must know beside the host itself. */
export interface Surroundings {
  /** What the kinds open, SSH among them. */
  readonly openPorts: readonly OpenPort[];
  /** What they open for some accounts alone. */
  readonly ownPorts: readonly OwnPorts[];
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

/** What is not global unicast (RFC 4291), and tunnels that would lead to any address of IPv4 (Teredo, 6to4). */
const closed6 = ["::/3", "4000::/2", "8000::/1", "2001::/32", "2002::/16"];
/** Users that systemd makes for a unit (DynamicUser=, systemd.exec(5)): relays, and what asks for passwords. None calls anybody over the network. */
const dynamicUids = "61184-65519";

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
  const { openPorts, ownPorts, accountUids, sites, infrastructure, owned, controllers, address4 } = around;
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
  const set = (name: string, type: string, elements: readonly string[]) =>
    elements.length === 0
      ? `  set ${name} { type ${type}; flags interval; }`
      : `  set ${name} { type ${type}; flags interval; auto-merge; elements = { ${elements.join(", ")} }; }`;
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

  # Who opens connections to what is open to everybody: of IPv6 the first half, since whoever has one address of a /64 has them all. Without
  # room for one more, nobody else is bounded.
  set callers6 { type ipv6_addr; size 65535; flags dynamic, timeout; timeout 1m; }
  # Whoever has a /48 has 65,536 of them.
  set callers48 { type ipv6_addr; size 65535; flags dynamic, timeout; timeout 1m; }
  set callers4 { type ipv4_addr; size 65535; flags dynamic, timeout; timeout 1m; }

${setsOfAccounts(ownPorts)}  # The kernel remembers no connection that anybody outside may open: whoever opened many would fill its table, and the host would be
  # out of reach, SSH included. So the rules below must hold packet by packet. Errors in IPv4 are looked at: they may be about a connection
  # of an account whose address is translated. They are never remembered.
  chain untracked_in {
    type filter hook prerouting priority raw; policy accept;
    iif lo accept
    ip6 daddr ${resolver} meta l4proto != tcp notrack
    meta l4proto icmpv6 fib daddr type local notrack
    icmp type echo-request notrack
${forPorts(untracked, `tcp dport { ${untracked} } fib daddr type local notrack`)}${forOwnPorts(ownPorts, "d", () => "notrack")}    ip6 daddr . tcp dport @services goto to_service
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
    ip6 saddr ${resolver} meta l4proto != tcp notrack
    meta l4proto icmpv6 notrack
    icmp type echo-reply notrack
${forPorts(untracked, `tcp sport { ${untracked} } notrack`)}${forOwnPorts(ownPorts, "s", () => "notrack")}    ip6 saddr . tcp sport @answers notrack
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
${bgp("saddr")}${forPorts(ownTcp, `tcp dport { ${ownTcp} } goto ssh_of_host`)}    jump of_host_in
${forOwnPorts(ownPorts, "d", ({ name }) => `goto ${name}_of_account`)}    icmp type echo-request accept
    icmpv6 type echo-request accept
${forPorts(offeredTcp, `tcp dport { ${offeredTcp} } goto offered`)}${forPorts(offeredUdp, `udp dport { ${offeredUdp} } accept`)}    counter comment "dropped: not offered to the outside"
  }

  # One visitor's new connections have a bound.
  chain offered {
    tcp flags & (fin | syn | rst | ack) != syn accept
    update @callers6 { ip6 saddr & ffff:ffff:ffff:ffff:: ${callers} } counter drop comment "a visitor opens too many connections"
    update @callers48 { ip6 saddr & ffff:ffff:ffff:: ${wideCallers} } counter drop comment "a network opens too many connections"
    update @callers4 { ip saddr ${callers} } counter drop comment "a visitor opens too many connections"
    accept
  }

${ownPorts.map(chainOfOwn).join("")}  # Rules of the host, after all that the platform needs: back from them, the rules of the platform decide.
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

${chainsOfAccounts({ offeredTcp, offeredUdp, ownPorts, address4 })}  # Accounts have networks of their own and get no socket of the host's: should one ever reach them, it may answer, never call.
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    meta skuid ${accountUids} counter reject comment "an account calls out through the host's network"
    meta skuid ${dynamicUids} meta l4proto tcp tcp flags & (fin | syn | rst | ack) == syn counter reject with tcp reset comment "a program between visitors and accounts calls out"
    meta skuid ${dynamicUids} meta l4proto udp counter reject comment "a program between visitors and accounts calls out"
${forOwnPorts(ownPorts, "s", ({ words }) => `tcp flags & (syn | ack) == syn counter reject with tcp reset comment "a socket of ${words} calls out"`)}${forPorts(untracked, `tcp sport { ${untracked} } tcp flags & (syn | ack) == syn counter reject with tcp reset comment "a socket of an open port calls out"`)}${forPorts(udp, `udp sport { ${udp} } counter reject comment "a socket of an open port calls out"`)}    oifgroup ${linkGroup} ct state untracked accept comment "answers of the front end and of the resolver"
    oifgroup ${linkGroup} counter reject comment "the host calls an account"
    oif lo accept
${forPorts(untracked, `tcp sport { ${untracked} } accept comment "answers"`)}${forOwnPorts(ownPorts, "s", ({ words }) => `accept comment "answers of ${words}"`)}    ip6 saddr . tcp sport @answers accept comment "refusals in the name of an account's service"
    icmpv6 type != echo-request accept
    icmp type != echo-request accept
${bgp("daddr")}    jump of_host_out
  }
}

${banTable({
  tcp: offeredTcp,
  udp: offeredUdp,
  ofAccounts: ["22", ...ownPorts.map(ownPortSet)].join(", "),
  controllers6: controllers6.map(plainRange),
  controllers4: controllers4.map(plainRange4),
  sites: sites.map(plainRange),
  infrastructure: infrastructure.map(plainRange),
})}
include "${currentGeneration}/${accountsFolder}/*"
`,
    },
  ];
}

/** What comes to ports that only some accounts have. */
function chainOfOwn({ name, words, port }: OwnPorts): string {
  return `  # ${words} of accounts that have it. Nobody listens on the ports of data but for a client that has logged in.
  chain ${name}_of_account {
    tcp dport ${port} tcp flags & (fin | syn | rst | ack) == syn limit rate over ${sshFlood} counter drop comment "too many connections to ${words} of accounts"
    ip6 daddr vmap @rules_in
    accept
  }

`;
}
