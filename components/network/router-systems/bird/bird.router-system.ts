import { plainAddress } from "../../../../lib/systemd/unit-file.ts";
import type { RouterPlan } from "../router-plan.ts";
import {
  accepted,
  bfd,
  bogons,
  heading,
  linkTimers,
  plainName,
  plainPrefix6,
  prefixLimits,
  type RouterSystem,
  timers,
} from "../router-system.ts";

/** BIRD 2, Debian's bird2. Start it with `-R`: only then does it wait for its neighbours' routes before it announces any. */
export const routerSystem: RouterSystem = { manufacturer: "bird", file: "/etc/bird/bird.conf", tried: true, render };

/** A name of BIRD: letters, digits, underscores. */
const symbol = (name: string) => plainName(name).replaceAll("-", "_");
const set = (prefixes: readonly string[], suffix = "") =>
  `[ ${prefixes.map((p) => plainPrefix6(p) + suffix).join(", ")} ]`;

function render(plan: RouterPlan): string {
  const { routerId, asNumber, address, infrastructure, owned, roas, gracefulShutdown } = plan;
  const leaving = gracefulShutdown ? "leave(); " : "";
  return `# ${heading(plan)}
log syslog all;
router id ${routerId};
# With -R: at most so long until it announces what it knows.
graceful restart wait ${timers.settle};

define GRACEFUL_SHUTDOWN = (65535, 0);

protocol device {
}

protocol bfd {
  interface "*" {
    interval ${bfd.intervalMs} ms;
    multiplier ${bfd.multiplier};
  };
}

# What no account has ends here, and does not go back to an operator.
protocol static owned {
  ipv6;
${owned.map((prefix) => `  route ${plainPrefix6(prefix)} unreachable;`).join("\n")}
}

# Who may announce what (RFC 6811).
roa6 table origins;
protocol static roas {
  roa6 { table origins; };
${roas.map(({ prefix, maxLength, asNumber: origin }) => `  route ${plainPrefix6(prefix)} max ${maxLength} as ${origin};\n`).join("")}}

protocol direct site {
  ipv6 {
    import where net = ${plainPrefix6(infrastructure)};
  };
}

protocol kernel {
  ipv6 {
    import none;
    export where source = RTS_BGP || proto = "owned";
  };
}

# RFC 8326: who hears it prefers any other way.
function leave() {
  bgp_community.add(GRACEFUL_SHUTDOWN);
  bgp_local_pref = 0;
}

function is_default() -> bool {
  return net = ::/0;
}

function is_of_internet() -> bool {
  if net !~ [ ${accepted.range}{${accepted.shortest}, ${accepted.longest}} ] then return false;
  if net ~ ${set(bogons, "+")} then return false;
  if net ~ ${set(owned, "+")} then return false;
  if roa_check(origins, net, bgp_path.last) = ROA_INVALID then return false;
  return true;
}

template bgp neighbors {
  bfd on;
  hold time ${timers.hold};
  keepalive time ${timers.keepalive};
  graceful restart on;
  connect delay time ${timers.connect};
  connect retry time ${timers.connectMost};
  error wait time ${timers.connect}, ${timers.connectMost};
}

template bgp hosts from neighbors {
  local ${plainAddress(address)} as ${asNumber};
}

# Every router reflects: a way over several links is known to all of them.
template bgp routers from neighbors {
  direct;
  bfd off;
  hold time ${linkTimers.hold};
  keepalive time ${linkTimers.keepalive};
  rr client;
  ipv6 {
    next hop self;
    gateway direct;
    import all;
    export filter { if proto != "site" && source != RTS_BGP then reject; ${leaving}accept; };
  };
}

template bgp operators from neighbors {
}
${[...plan.hosts.map((each) => host(each, leaving)), ...plan.routers.map(linked(asNumber)), ...plan.operators.map(operator(plan))].join("")}`;
}

function host({ name, address, asNumber, prefixes }: RouterPlan["hosts"][number], leaving: string): string {
  const known =
    prefixes.length === 0
      ? "import none"
      : `import filter { if net !~ ${set(prefixes)} then reject; ${leaving}accept; }`;
  return `
protocol bgp host_${symbol(name)} from hosts {
  neighbor ${plainAddress(address)} as ${asNumber};
  ipv6 {
    receive limit ${prefixLimits.host} action restart;
    ${known};
    # The way out, as long as there is one.
    export filter { if !is_default() || source != RTS_BGP then reject; ${leaving}accept; };
  };
}
`;
}

const linked =
  (asNumber: number) =>
  ({ name, address, neighbor }: RouterPlan["routers"][number]): string =>
    `
protocol bgp router_${symbol(name)} from routers {
  local ${plainAddress(address)} as ${asNumber};
  neighbor ${plainAddress(neighbor)} as ${asNumber};
}
`;

const operator =
  (plan: RouterPlan) =>
  (session: RouterPlan["operators"][number]): string => {
    const leaving = plan.gracefulShutdown || session.gracefulShutdown ? "leave(); " : "";
    return `
protocol bgp operator_${symbol(session.name)} from operators {
  local ${plainAddress(session.address)} as ${plan.asNumber};
  neighbor ${plainAddress(session.neighbor)} as ${session.asNumber};
${session.bfd ? "" : "  bfd off;\n"}  ipv6 {
    receive limit ${prefixLimits.operator} action disable;
    import filter {
      if !is_default() && !is_of_internet() then reject;
      if GRACEFUL_SHUTDOWN ~ bgp_community then bgp_local_pref = 0;
      ${leaving}accept;
    };
    export filter { if proto != "owned" then reject; ${leaving}accept; };
  };
}
`;
  };
