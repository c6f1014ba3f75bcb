import {
  type Family,
  familiesOf,
  ipv4,
  ipv6,
  prefixesOf,
  timers,
} from "../../components/network/router-systems/router-system.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { towardsVisitor, visitor } from "./topology.ts";

/**
 * The world outside the fleet, as BIRD: operators, each with an AS of its own, and the visitor's network behind all of them. They are models:
 * nothing of this is delivered to anybody.
 */

/**
 * What every operator announces beside its default route, as its own: one prefix to take, one to take from the first operator alone (`roas` of
 * inventory/trial/network.yaml), and what each router must refuse.
 */
export const announced = {
  good: ["2620:4f:8000::/48", "192.31.196.0/24"],
  ofFirst: ["2620:4f:9000::/44", "192.175.48.0/22"],
  bad: {
    "too long": ["2620:4f:8001:1::/64", "192.31.197.0/25"],
    documentation: ["2001:db8:bad::/48", "203.0.113.0/24"],
    "private use": ["fd00:bad::/48", "10.66.0.0/16"],
    "shared by networks": ["100.64.0.0/10"],
    "inside an owned range": ["fd00:8000:0:bad::/64", "185.31.41.0/24"],
    "longer than its ROA": ["2620:4f:9001::/48", "192.175.49.0/24"],
    "nobody's by its ROA": ["2620:4f:a000::/48", "192.175.52.0/24"],
  },
} as const;

const families = [ipv6, ipv4];

const unreachable = (
  name: string,
  family: Family,
  prefixes: readonly string[],
) => `protocol static ${name}${family.suffix} {
  ipv${family.version};
${prefixesOf(family, prefixes)
  .map((prefix) => `  route ${prefix} unreachable;\n`)
  .join("")}}
`;

/** What a session exchanges of one family: IPv4 over IPv6 as well (RFC 8950). */
const channel = ({ version }: Family, words: string) =>
  `  ipv${version} { ${version === 4 ? "extended next hop on; " : ""}${words} };\n`;

const ofVisitor = (family: Family) => prefixesOf(family, visitor.prefixes)[0]!;

const common = (id: string) => `log syslog all;
router id ${id};
# With -R: one that starts announces nothing before it has heard its neighbours. Its default route would lead nowhere until then.
graceful restart wait ${timers.settle};
protocol device {
}
protocol bfd {
  interface "*" { interval 200 ms; multiplier 3; };
}
${families
  .map(
    (family) => `protocol kernel {
  ipv${family.version} { import none; export where source = RTS_BGP || (source = RTS_STATIC && proto != "lies${family.suffix}"); };
}
`,
  )
  .join("")}template bgp neighbors {
  bfd on;
  graceful restart on;
  connect delay time 1;
  connect retry time 5;
  error wait time 1, 2;
}
`;

/** One operator. It believes all that the fleet announces, so that a leak is seen, and tells it of everything, good and bad. */
export function renderOperator(declaration: Declaration, index: number): string {
  const [{ operators, prefixes, prefixes4, asNumber }] = declaration.networks as [Declaration["networks"][number]];
  const { asNumber: own, sessions = [] } = operators[index]!;
  const { operator: address, visitor: other } = towardsVisitor(index);
  const bad = [...announced.ofFirst, ...Object.values(announced.bad).flat()];
  const all = "import all; export all;";
  const spoken = familiesOf({ owned: [...prefixes, ...prefixes4] });
  return `${common(`10.0.0.${index + 1}`)}
${families.map((family) => unreachable("world", family, [family.default, ...announced.good])).join("")}
# What a broken network might tell. Its own kernel does not use it.
${families.map((family) => unreachable("lies", family, bad)).join("")}
${sessions
  .map(
    ({ address: theirs, neighbor, address4, neighbor4 }, at) => `
protocol bgp fleet_${at} from neighbors {
  local ${neighbor} as ${own};
  neighbor ${theirs} as ${asNumber};
${spoken
  .filter((family) => family === ipv6 || address4 === undefined)
  .map((family) => channel(family, all))
  .join("")}}
${
  address4 === undefined
    ? ""
    : `protocol bgp fleet_${at}_ipv4 from neighbors {
  local ${neighbor4} as ${own};
  neighbor ${address4} as ${asNumber};
  ipv4 { ${all} };
}
`
}`,
  )
  .join("\n")}
protocol bgp visitor from neighbors {
  local ${address} as ${own};
  neighbor ${other} as ${visitor.asNumber};
${families.map((family) => channel(family, `import where net = ${ofVisitor(family)}; export where proto ~ "fleet_*";`)).join("")}}
`;
}

/** The visitor's network: it reaches the fleet over any operator that announces it, over one that is to be left (RFC 8326) last. */
export function renderVisitor({ networks }: Declaration): string {
  const sessions = networks[0]!.operators.map(({ asNumber }, index) => {
    const { operator, visitor: own } = towardsVisitor(index);
    return `
protocol bgp operator_${index} from neighbors {
  local ${own} as ${visitor.asNumber};
  neighbor ${operator} as ${asNumber};
${families.map((family) => channel(family, `import filter { if (65535, 0) ~ bgp_community then bgp_local_pref = 0; accept; }; export where net = ${ofVisitor(family)};`)).join("")}}`;
  });
  return `${common("10.0.1.1")}
${families.map((family) => unreachable("own", family, visitor.prefixes)).join("")}
${sessions.join("\n")}
`;
}
