import { currentGeneration } from "../../../../delivery/protocol/bundle.ts";
import { plainAddress, unitFile } from "../../../../lib/systemd/unit-file.ts";
import { bird } from "../../bird.host.ts";
import { debianBundle, debianFiles, debianPorts } from "../debian-router.ts";
import { firewallOf } from "../router-firewall.ts";
import type { RouterPlan } from "../router-plan.ts";
import {
  bfd,
  type Family,
  familiesOf,
  familiesOfHost,
  heading,
  limitOfHost,
  linkTimers,
  plainEither,
  plainName,
  plainPrefix,
  prefixesOf,
  type RouterSystem,
  roasOf,
  sessionsOf,
  timers,
} from "../router-system.ts";

/** BIRD 2, Debian's bird2. It is started with `-R`: only then does it wait for its neighbours' routes before it announces any. */
export const routerSystem: RouterSystem = {
  manufacturer: "bird",
  file: "/etc/bird/bird.conf",
  tried: true,
  ports: debianPorts,
  render,
  delivered: {
    packages: ["bird2"],
    bundle: (plan) => {
      const firewall = firewallOf(plan);
      return {
        files: [
          { path: bird.entry.file, content: render(plan) },
          { path: dropIn, content: startedByDelivery },
          ...debianBundle(plan),
          ...firewall.files,
        ],
        units: [...firewall.units, { name: bird.entry.unit, want: "start", restartOn: [dropIn] }],
      };
    },
  },
  others: (plan) => [{ path: "/etc/bird/envvars", content: started }, ...debianFiles(plan)],
};

/** What Debian's bird.service starts it with. */
const started = `BIRD_RUN_USER=bird
BIRD_RUN_GROUP=bird
BIRD_ARGS=-R
`;

const dropIn = `systemd/${bird.entry.unit}.d/50-fairhost.conf`;

/** The same, with the configuration of the generation in force. */
const startedByDelivery = unitFile({
  Service: {
    ExecStartPre: [
      "",
      "/usr/lib/bird/prepare-environment",
      `/usr/sbin/bird -p -c ${currentGeneration}/${bird.entry.file}`,
    ],
    ExecStart: ["", `/usr/sbin/bird -f -u bird -g bird -R -c ${currentGeneration}/${bird.entry.file}`],
  },
});

/** A name of BIRD: letters, digits, underscores. */
const symbol = (name: string) => plainName(name).replaceAll("-", "_");
const set = (prefixes: readonly string[], suffix = "") =>
  `[ ${prefixes.map((p) => plainPrefix(p) + suffix).join(", ")} ]`;

function render(plan: RouterPlan): string {
  const { routerId, asNumber, address, infrastructure, gracefulShutdown } = plan;
  const leaving = gracefulShutdown ? "leave(); " : "";
  const families = familiesOf(plan);
  const each = (text: (family: Family) => string) => families.map(text).join("");
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
${each(owned(plan))}# Who may announce what (RFC 6811).
${each(origins(plan))}protocol direct site {
  ipv6 {
    import where net = ${plainPrefix(infrastructure)};
  };
}

${each(kernel)}# RFC 8326: who hears it prefers any other way.
function leave() {
  bgp_community.add(GRACEFUL_SHUTDOWN);
  bgp_local_pref = 0;
}

${each(filters(plan))}template bgp neighbors {
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
${each((family) =>
  channel(
    family,
    "next hop self",
    "gateway direct",
    "import all",
    `export filter { if ${family.version === 6 ? 'proto != "site" && ' : ""}source != RTS_BGP then reject; ${leaving}accept; }`,
  ),
)}}

template bgp operators from neighbors {
}
${[...plan.hosts.map(host(plan, leaving)), ...plan.routers.map(linked(asNumber)), ...plan.operators.map(operator(plan))].join("")}`;
}

const owned =
  (plan: RouterPlan) =>
  (family: Family): string =>
    `protocol static owned${family.suffix} {
  ipv${family.version};
${prefixesOf(family, plan.owned)
  .map((prefix) => `  route ${plainPrefix(prefix)} unreachable;`)
  .join("\n")}
}

`;

const origins =
  ({ roas }: RouterPlan) =>
  (family: Family): string =>
    `roa${family.version} table origins${family.suffix};
protocol static roas${family.suffix} {
  roa${family.version} { table origins${family.suffix}; };
${roasOf(family, roas)
  .map(({ prefix, maxLength, asNumber }) => `  route ${plainPrefix(prefix)} max ${maxLength} as ${asNumber};\n`)
  .join("")}}

`;

const kernel = ({ version, suffix }: Family): string => `protocol kernel${suffix && ` kernel${suffix}`} {
  ipv${version} {
    import none;
    export where source = RTS_BGP || proto = "owned${suffix}";
  };
}

`;

const filters =
  (plan: RouterPlan) =>
  (family: Family): string => {
    const { suffix, accepted, bogons } = family;
    return `function is_default${suffix}() -> bool {
  return net = ${family.default};
}

function is_of_internet${suffix}() -> bool {
  if net !~ [ ${accepted.range}{${accepted.shortest}, ${accepted.longest}} ] then return false;
  if net ~ ${set(bogons, "+")} then return false;
  if net ~ ${set(prefixesOf(family, plan.owned), "+")} then return false;
  if roa_check(origins${suffix}, net, bgp_path.last) = ROA_INVALID then return false;
  return true;
}

`;
  };

/** What a session exchanges of one family. Over IPv6, IPv4 has the same next hops (RFC 8950). */
function channel({ version }: Family, ...lines: readonly string[]): string {
  return channelOver(6, version, lines);
}

function channelOver(over: 6 | 4, version: 6 | 4, lines: readonly string[]): string {
  const all = version === over ? lines : ["extended next hop on", ...lines];
  return `  ipv${version} {\n${all.map((line) => `    ${line};\n`).join("")}  };\n`;
}

const host =
  (plan: RouterPlan, leaving: string) =>
  (session: RouterPlan["hosts"][number]): string => {
    const channels = familiesOfHost(plan, session).map((family) => {
      const own = prefixesOf(family, session.prefixes);
      return channel(
        family,
        `receive limit ${limitOfHost(family, session)} action restart`,
        // Of what is its own it says that it is behind itself: on the network of all hosts it could name another, or send it round between routers.
        own.length === 0
          ? "import none"
          : `import filter { if net !~ ${set(own)} || bgp_next_hop != ${plainAddress(session.address)} then reject; ${leaving}accept; }`,
        // The way out, as long as there is one.
        `export filter { if !is_default${family.suffix}() || source != RTS_BGP then reject; ${leaving}accept; }`,
      );
    });
    return `
protocol bgp host_${symbol(session.name)} from hosts {
  neighbor ${plainAddress(session.address)} as ${session.asNumber};
${channels.join("")}}
`;
  };

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
    return sessionsOf(plan, session)
      .map(({ over, address, neighbor, families }) => {
        const channels = families.map((family) => {
          const { suffix } = family;
          return channelOver(over.version, family.version, [
            `receive limit ${family.limits.operator} action disable`,
            // Ways behind itself alone: behind a host or the other router, packets would go round.
            `import filter {
      if bgp_next_hop != ${plainEither(neighbor)} then reject;
      if !is_default${suffix}() && !is_of_internet${suffix}() then reject;
      if GRACEFUL_SHUTDOWN ~ bgp_community then bgp_local_pref = 0;
      ${leaving}accept;
    }`,
            `export filter { if proto != "owned${suffix}" then reject; ${leaving}accept; }`,
          ]);
        });
        return `
protocol bgp operator${over.suffix}_${symbol(session.name)} from operators {
  local ${plainEither(address)} as ${plan.asNumber};
  neighbor ${plainEither(neighbor)} as ${session.asNumber};
${session.bfd ? "" : "  bfd off;\n"}${channels.join("")}}
`;
      })
      .join("");
  };
