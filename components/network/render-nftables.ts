import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plainAddress } from "../../lib/unit-file.ts";
import { largestNumberAt } from "../declaring.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import type { DeclaredHost, HostContext, OpenPort, Renderer } from "../registry/renderer.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: (context: HostContext) => ({ files: renderNftables(context.host, context.openPorts, uidsOf(context)) }),
};

/** The range of uids that accounts of the host's site can have, in nft syntax. */
function uidsOf({ declaration, host }: DeclaredHost): string {
  const { uidBase } = found(declaration.networks, `network of host ${host.name}`);
  const site = found(
    declaration.sites.filter(({ name }) => name === host.site),
    `site of host ${host.name}`,
  );
  return `${uidBase + 1}-${uidBase + largestNumberAt(site)}`;
}

/** @throws {RangeError} for something that is not declared, like every renderer */
function found<T>([first]: readonly T[], what: string): T {
  if (first === undefined) throw new RangeError(`the ${what} is not declared`);
  return first;
}

/** First of the ports that Linux takes for connections to the outside (ip_local_port_range, ip(7)). */
export const firstEphemeral = 32_768;

/**
 * Ports of one protocol in nft syntax, sorted, `22, 80, 8300-8499`. Ranges that overlap are merged: nft refuses them in a set.
 * @throws {RangeError} for what is not a port, or is one that an outgoing connection may have
 */
export function portSet(open: readonly OpenPort[], protocol: OpenPort["protocol"]): string {
  const ranges = open
    .filter((each) => each.protocol === protocol)
    .map(({ port }) => (typeof port === "number" ? [port, port] : port) as readonly [number, number])
    .sort(([left], [right]) => left - right);
  const merged: [first: number, last: number][] = [];
  for (const [first, last] of ranges) {
    if (![first, last].every((port) => Number.isInteger(port) && port > 0 && port < firstEphemeral) || first > last)
      throw new RangeError(
        `${protocol} port ${first}-${last} cannot be opened: a port is from 1 to ${firstEphemeral - 1}`,
      );
    const before = merged.at(-1);
    if (before && first <= before[1]) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(", ");
}

/**
 * The firewall: one table, replaced in one step, the same whatever accounts the host has (only packets to the host or to one of
 * its accounts reach `input`, so no list of prefixes is needed).
 * @param accountUids every uid an account can have, `200001-265535`
 * @param openPorts what the kinds open, SSH among them
 */
export function renderNftables(
  host: BareMetalHostInputs,
  openPorts: readonly OpenPort[],
  accountUids: string,
): BundleFile[] {
  const routers = host.routers.map(({ address }) => plainAddress(address)).toSorted();
  const bgp = routers.length > 0 ? `    ip6 saddr { ${routers.join(", ")} } tcp dport 179 accept\n` : "";
  const [tcp, udp] = [portSet(openPorts, "tcp"), portSet(openPorts, "udp")];
  const rule = (ports: string, text: string) => (ports === "" ? "" : `    ${text}\n`);
  return [
    {
      path: "nftables/fairhost.nft",
      content: `#!/usr/sbin/nft -f
destroy table inet fairhost

table inet fairhost {
  # The kernel remembers no connection that anybody outside may open: whoever opened many would fill its table, and the host would be
  # out of reach, SSH included. So the rules below must hold packet by packet.
  chain untracked_in {
    type filter hook prerouting priority raw; policy accept;
    iif lo accept
    meta l4proto { icmp, icmpv6 } notrack
${rule(tcp, `tcp dport { ${tcp} } fib daddr type local notrack`)}  }
  chain untracked_out {
    type filter hook output priority raw; policy accept;
    oif lo accept
    meta l4proto { icmp, icmpv6 } notrack
${rule(tcp, `tcp sport { ${tcp} } notrack`)}  }

  chain input {
    type filter hook input priority filter; policy drop;
    iif lo accept
    # Nobody outside has one of this host's addresses.
    fib saddr type local counter drop
    ct state vmap { established : accept, related : accept, invalid : drop }
    # ICMPv6, RFC 4890 section 4.4: errors, echo, neighbours, router and group management; neighbours only from the link.
    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request, echo-reply } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } ip6 hoplimit 255 accept
    icmpv6 type { mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } ip6 saddr fe80::/10 accept
    icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } accept
${bgp}${rule(tcp, `tcp dport { ${tcp} } accept`)}${rule(udp, `udp dport { ${udp} } accept`)}    counter comment "dropped: not offered to the outside"
  }

  chain forward {
    type filter hook forward priority filter; policy drop;
    counter comment "dropped: this host is no router"
  }

  # Accounts have networks of their own and get no socket of the host's: should one ever reach them, it may answer, never call.
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    meta skuid ${accountUids} counter reject comment "an account calls out through the host's network"
${rule(tcp, `tcp sport { ${tcp} } tcp flags & (syn | ack) == syn counter reject with tcp reset comment "a socket of an open port calls out"`)}${rule(udp, `udp sport { ${udp} } counter reject comment "a socket of an open port calls out"`)}  }
}
`,
    },
  ];
}
