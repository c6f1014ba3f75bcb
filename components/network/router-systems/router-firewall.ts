import { Address6 } from "ip-address";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { unitFile } from "../../../lib/systemd/unit-file.ts";
import type { Part } from "../../registry/bundle/renderer.ts";
import { routerFirewall } from "../router-firewall.host.ts";
import type { RouterPlan } from "./router-plan.ts";
import { type Family, familyOf, ipv4, ipv6, plainEither, plainPrefix, prefixesOf } from "./router-system.ts";

const { file, unit } = routerFirewall.entry;
const nft = "/usr/sbin/nft";

/** BGP, and the ports at which BFD listens (RFC 5881, RFC 5883, RFC 7881). */
const [bgp, bfd] = ["179", "3784, 3785, 4784, 7784"];

/** Packets to neighbours that have not spoken. Each may make the kernel look for one more, for three seconds. */
const sought = { perSecond: 20, burst: 100 } as const;

/** The firewall of a router that runs Debian, and the unit that loads it at boot. */
export function firewallOf(plan: RouterPlan): Required<Pick<Part, "files" | "units">> {
  return {
    files: [
      { path: file, content: render(plan) },
      { path: `systemd/${unit}`, content: service },
      { path: `systemd/multi-user.target.wants/${unit}`, link: `../${unit}` },
    ],
    units: [{ name: unit, want: "start", restartOn: [] }],
  };
}

/** After Debian's own service, which begins with `flush ruleset`, and anew whenever that is reloaded or restarted. */
const service = unitFile({
  Unit: {
    Description: "Firewall of this router's sessions, and against false sources",
    After: "nftables.service",
    Before: "bird.service frr.service",
    PartOf: "nftables.service",
    ReloadPropagatedFrom: "nftables.service",
    RequiresMountsFor: "/var/lib/fairhost",
  },
  Service: {
    Type: "oneshot",
    RemainAfterExit: "yes",
    ExecStart: `${nft} -f ${currentGeneration}/${file}`,
    ExecReload: `${nft} -f ${currentGeneration}/${file}`,
    ExecStop: `${nft} destroy table inet fairhost`,
  },
});

/**
 * The rules. Sessions are for declared neighbours. Where the ports are known, operators bring nothing that pretends to come from inside, and get
 * nothing that does not (RFC 2827): no operator hears of a part of an owned range (router-plan.ts), so no packet from inside comes back by one.
 * Who translates sources does it in rules of their own, to an owned address or one of the router's. Nothing here asks for the state of a
 * connection (`ct`): the kernel would follow every one that passes.
 * All else is left to the rules of others: the SSH server and its addresses are theirs, and a fault here must not close it.
 */
function render(plan: RouterPlan): string {
  const operators = plan.operators.flatMap(({ neighbor, over4 }) => [neighbor, ...(over4 ? [over4.neighbor] : [])]);
  const of = (addresses: readonly string[], { version }: Family) =>
    addresses
      .filter((each) => familyOf(each).version === version)
      .map(plainEither)
      .toSorted();
  const set = (name: string, { version }: Family, elements: readonly string[]) =>
    `  set ${name}${version} { type ipv${version}_addr; flags interval; auto-merge; ${elements.length > 0 ? `elements = { ${elements.join(", ")} }; ` : ""}}\n`;
  const inside = [...plan.hosts.map(({ address }) => address), ...plan.routers.map(({ neighbor }) => neighbor)];
  const links = plan.operators.map(({ address, prefixLength }) => networkOf(address, prefixLength));
  const outside = plan.interfaces
    .filter(({ leadsTo }) => leadsTo.startsWith("operator "))
    .flatMap(({ ports }) => ports.map((port) => `"${port}"`))
    .join(", ");
  const ports = plan.interfaces.map((each) => `"${nameOf(each)}"`).join(", ");
  return `#!${nft} -f
destroy table inet fairhost

table inet fairhost {
  # Who has sessions with this router, inside and outside, and what the network owns.
${set("inside", ipv6, of(inside, ipv6))}${[ipv6, ipv4]
  .map(
    (family) =>
      set("operators", family, of(operators, family)) +
      set("owned", family, prefixesOf(family, plan.owned).map(plainPrefix)),
  )
  .join("")}  # Networks of which the router asks for neighbours, and who of the site's has spoken lately.
${set("links", ipv6, [plan.infrastructure, ...links].map(plainPrefix))}  set present6 { type ipv6_addr; size 4096; flags dynamic, timeout; timeout 10m; }

  chain input {
    type filter hook input priority filter; policy accept;
    iif lo accept
    tcp dport ${bgp} goto of_neighbors
    udp dport { ${bfd} } goto of_neighbors
  }
  chain of_neighbors {
    ip6 saddr @inside6 accept
    ip6 saddr @operators6 accept
    ip saddr @operators4 accept
    counter drop
  }

  # Whoever asks for many addresses that nobody has makes the kernel look for as many neighbours, until it finds those that are there no
  # more (RFC 6583). Those are let through always; of all others a few at a time.
  chain neighbors {
    type filter hook forward priority filter; policy accept;
    meta nfproto != ipv6 accept
    ip6 saddr ${plainPrefix(plan.infrastructure)} update @present6 { ip6 saddr }
    ip6 daddr != @links6 accept
    ip6 daddr @inside6 accept
    ip6 daddr @operators6 accept
    ip6 daddr @present6 accept
    limit rate over ${sought.perSecond}/second burst ${sought.burst} packets counter drop
  }
${outside === "" ? "" : againstFalseSources(outside)}${ports === "" ? "" : againstAdvertisements(ports)}}
`;
}

const networkOf = (address: string, length: number) =>
  `${new Address6(`${address}/${length}`).startAddress().correctForm()}/${length}`;

/** As the kernel has it: several ports are one bond (debian-router.ts). */
const nameOf = ({ ports }: RouterPlan["interfaces"][number]) => (ports.length > 1 ? "bond0" : ports[0]!);

const againstAdvertisements = (ports: string) => `
  # Ways out are told by BGP. FRR would tell them by router advertisements too, with addresses, where IPv4 has IPv6 next hops: to whoever listens.
  chain advertisements {
    type filter hook output priority filter; policy accept;
    oifname { ${ports} } icmpv6 type nd-router-advert counter drop
  }
`;

const againstFalseSources = (outside: string) => `
  chain from_operators {
    type filter hook prerouting priority raw; policy accept;
    iifname != { ${outside} } accept
    ip6 saddr @operators6 accept
    ip saddr @operators4 accept
    ip6 saddr @owned6 counter drop
    ip saddr @owned4 counter drop
  }
  # Before rules of others translate sources. What has an address of the router here comes from somebody else: the kernel itself refuses that of IPv4 alone.
  chain as_the_router {
    type filter hook forward priority filter; policy accept;
    oifname != { ${outside} } accept
    ip6 saddr @owned6 accept
    ip saddr @owned4 accept
    fib saddr type local counter drop
  }
  # After these rules.
  chain to_operators {
    type filter hook postrouting priority srcnat + 1; policy accept;
    oifname != { ${outside} } accept
    ip6 saddr @owned6 accept
    ip saddr @owned4 accept
    # The router itself, and whom it speaks for; then what it sends to its neighbours, also without an address yet: no router forwards these.
    fib saddr type local accept
    ip6 saddr { ::, fe80::/10 } accept
    ip saddr 0.0.0.0 accept
    # In IPv4 a router without an address of it tells so of errors (RFC 7600): of sizes, ends of ways, and what is not there.
    ip saddr 192.0.0.8 icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
    counter drop
  }
`;
