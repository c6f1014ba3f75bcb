import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plainAddress } from "../../lib/unit-file.ts";
import { largestNumberAt } from "../declaring.ts";
import { portsOf } from "../http/render-front-end.ts";
import { httpPortBase } from "../http/server.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import type { HostContext, Renderer } from "../registry/renderer.ts";

/** Ports accounts' HTTP servers listen on, for the front end alone. */
const backendPorts = `${httpPortBase + 1}-${httpPortBase + 999}`;

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: (context) => ({
    files: renderNftables(context.host, portsOf(context.declaration, context.host.name), uidsOf(context)),
  }),
};

/** The range of uids that accounts of the host's site can have, in nft syntax. */
function uidsOf({ declaration, host }: HostContext): string {
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

/**
 * The firewall: one table, replaced in one step, the same whatever accounts the host has (only packets to the host or to one of
 * its accounts reach `input`, so no list of prefixes is needed).
 * @param accountUids every uid an account can have, `200001-265535`
 * @param ports open to everybody on the host's and all its accounts' addresses, beside SSH
 */
export function renderNftables(host: BareMetalHostInputs, ports: readonly number[], accountUids: string): BundleFile[] {
  const routers = host.routers.map(({ address }) => plainAddress(address)).toSorted();
  const bgp = routers.length > 0 ? `    ip6 saddr { ${routers.join(", ")} } tcp dport 179 accept\n` : "";
  const open = [22, ...ports].join(", ");
  return [
    {
      path: "nftables/fairhost.nft",
      content: `#!/usr/sbin/nft -f
destroy table inet fairhost

table inet fairhost {
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
${bgp}    tcp dport { ${open} } accept
    counter comment "dropped: not offered to the outside"
  }

  chain forward {
    type filter hook forward priority filter; policy drop;
    counter comment "dropped: this host is no router"
  }

  # Accounts have networks of their own. A program can still abuse a connection or a listening socket that was handed to it:
  # connect(AF_UNSPEC) makes it a fresh socket of the host's network. Such a socket may answer, never call.
  chain output {
    type filter hook output priority filter; policy accept;
    ct state established,related accept
    meta skuid ${accountUids} counter reject comment "an account calls out through a connection"
    tcp sport ${backendPorts} tcp flags & (syn | ack) == syn counter reject with tcp reset comment "an account calls out through its listening socket"
  }
}
`,
    },
  ];
}
