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
  good: ["2620:4f:8000::/48"],
  ofFirst: "2620:4f:9000::/44",
  bad: {
    "too long": "2620:4f:8001:1::/64",
    documentation: "2001:db8:bad::/48",
    "private use": "fd00:bad::/48",
    "longer than its ROA": "2620:4f:9001::/48",
    "nobody's by its ROA": "2620:4f:a000::/48",
  },
} as const;

const common = (id: string) => `log syslog all;
router id ${id};
protocol device {
}
protocol bfd {
  interface "*" { interval 200 ms; multiplier 3; };
}
protocol kernel {
  ipv6 { import none; export where source = RTS_BGP || (source = RTS_STATIC && proto != "lies"); };
}
template bgp neighbors {
  bfd on;
  connect delay time 1;
  connect retry time 5;
  error wait time 1, 2;
}
`;

/** One operator. It lets the fleet announce only what is the fleet's, and tells it of everything, good and bad. */
export function renderOperator(declaration: Declaration, index: number): string {
  const [{ operators, prefixes, asNumber }] = declaration.networks as [Declaration["networks"][number]];
  const { asNumber: own, sessions = [] } = operators[index]!;
  const { operator: address, visitor: other } = towardsVisitor(index);
  const bad = [
    announced.ofFirst,
    ...Object.values(announced.bad),
    ...prefixes.map((prefix) => prefix.replace(/\/\d+$/, "/64")),
  ];
  return `${common(`10.0.0.${index + 1}`)}
protocol static world {
  ipv6;
  route ::/0 unreachable;
${announced.good.map((prefix) => `  route ${prefix} unreachable;`).join("\n")}
}
# What a broken network might tell. Its own kernel does not use it.
protocol static lies {
  ipv6;
${bad.map((prefix) => `  route ${prefix} unreachable;`).join("\n")}
}
${sessions
  .map(
    ({ address: theirs, neighbor }, at) => `
protocol bgp fleet_${at} from neighbors {
  local ${neighbor} as ${own};
  neighbor ${theirs} as ${asNumber};
  ipv6 {
    import where net ~ [ ${prefixes.join(", ")} ];
    export all;
  };
}`,
  )
  .join("\n")}
protocol bgp visitor from neighbors {
  local ${address} as ${own};
  neighbor ${other} as ${visitor.asNumber};
  ipv6 {
    import where net = ${visitor.prefix};
    export where proto ~ "fleet_*";
  };
}
`;
}

/** The visitor's network: it reaches the fleet over any operator that announces it. */
export function renderVisitor({ networks }: Declaration): string {
  const sessions = networks[0]!.operators.map(({ asNumber }, index) => {
    const { operator, visitor: own } = towardsVisitor(index);
    return `
protocol bgp operator_${index} from neighbors {
  local ${own} as ${visitor.asNumber};
  neighbor ${operator} as ${asNumber};
  ipv6 { import all; export where net = ${visitor.prefix}; };
}`;
  });
  return `${common("10.0.1.1")}
protocol static own {
  ipv6;
  route ${visitor.prefix} unreachable;
}
${sessions.join("\n")}
`;
}
