import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plain, plainAddress, plainAddress4 } from "../../lib/systemd/unit-file.ts";
import { frontEndOf, type Listening } from "../http/render-front-end.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import { bfd, timers } from "./router-systems/router-system.ts";

const prefixOfAccount = plain(/[0-9a-f:]+\/64/, "IPv6 /64");
const plainRouter = plain(/[a-z][a-z0-9-]*/, "router name");

export const renderer: Renderer<"addresses"> = {
  key: "addresses",
  whileSuspended: true,
  ofHost: ({ declaration, host }) => ({ files: renderBird(host, frontEndOf(declaration, host.name)) }),
  ofAccount: ({ address }) => ({ files: renderAnnouncement(address) }),
};

/** An account's /64, checked, for other parts of a host's configuration. */
export function plainPrefix({ prefix }: Pick<Hostless<"addresses">, "prefix">): string {
  return prefixOfAccount(prefix);
}

/**
 * The file with one account's announcement. `unreachable` is only inside BIRD: BIRD does not export it to the kernel,
 * where the prefix is a local route (render-routes.ts).
 */
export function renderAnnouncement(address: Hostless<"addresses">): BundleFile[] {
  return [{ path: `bird/accounts/${address.account}.conf`, content: `route ${plainPrefix(address)} unreachable;\n` }];
}

/**
 * BIRD 2: from its private AS the host announces exactly its accounts' /64s to each router of its site and takes the default
 * route from them, so that it uses a router that works. If its front end has an IPv4 address, the same goes for that: the sessions stay
 * those over IPv6, and the next hops are IPv6 addresses (RFC 8950). A router without that keeps its session, for IPv6 alone.
 * A router that is lost is noticed by BFD; one that does not speak it, after the hold time. A router that is to be left (RFC 8326) is
 * used only while there is no other.
 */
export function renderBird(host: BareMetalHostInputs, { address4 }: Pick<Listening, "address4">): BundleFile[] {
  const own = plainAddress(host.address);
  const sessions = host.routers
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(
      ({ name, address, asNumber }) => `
protocol bgp ${plainRouter(name).replaceAll("-", "_")} from site {
  neighbor ${plainAddress(address)} as ${asNumber};
}
`,
    );
  return [
    // BIRD refuses an include that matches nothing: a host without accounts has this file alone.
    { path: "bird/accounts/0.conf", content: "# One file an account.\n" },
    {
      path: "bird/bird.conf",
      content: `# Announces this host's accounts. Includes are relative to this file.
log syslog all;
# Unique as the AS number is: the same 32 bits (RFC 6286).
router id ${dotted(host.asNumber)};

protocol device {
}

protocol bfd {
  interface "*" {
    interval ${bfd.intervalMs} ms;
    multiplier ${bfd.multiplier};
  };
}

# RFC 8326: the way over a router that is to be left comes last.
function last_if_left() {
  if (65535, 0) ~ bgp_community then bgp_local_pref = 0;
}

protocol static accounts {
  ipv6;
  include "accounts/*.conf";
}

protocol kernel {
  ipv6 {
    import none;
    export where source = RTS_BGP;
  };
}
${address4 === undefined ? "" : protocols4(plainAddress4(address4))}
template bgp site {
  local ${own} as ${host.asNumber};
  bfd on;
  hold time ${timers.hold};
  graceful restart on;
  connect delay time ${timers.connect};
  connect retry time ${timers.connectMost};
  error wait time ${timers.connect}, ${timers.connectMost};
  ipv6 {
    import filter { if net != ::/0 then reject; last_if_left(); accept; };
    export where proto = "accounts";
  };
${address4 === undefined ? "" : channel4}}
${sessions.join("")}`,
    },
  ];
}

const protocols4 = (address: string) => `
protocol static address4 {
  ipv4;
  route ${address}/32 unreachable;
}

protocol kernel {
  ipv4 {
    import none;
    export where source = RTS_BGP;
  };
}
`;

const channel4 = `  ipv4 {
    import filter { if net != 0.0.0.0/0 then reject; last_if_left(); accept; };
    export where proto = "address4";
    extended next hop on;
  };
`;

/** 32 bits in the form of an IPv4 address. */
function dotted(number: number): string {
  return [24, 16, 8, 0].map((bits) => (number >>> bits) & 255).join(".");
}
