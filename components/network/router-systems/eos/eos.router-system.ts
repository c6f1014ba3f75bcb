import { plain } from "../../../../lib/systemd/unit-file.ts";
import { UserError } from "../../../../lib/user-error.ts";
import { lengthOf } from "../../origins.ts";
import type { RouterPlan } from "../router-plan.ts";
import {
  bfd,
  byOrigin,
  type Family,
  familiesOf,
  familiesOfHost,
  heading,
  ipv4,
  ipv6,
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

/** EOS of Arista, for a configuration session. Nobody has run this text: Debian has no EOS, tests compare it alone. */
export const routerSystem: RouterSystem = {
  manufacturer: "arista",
  file: "configure session fairhost; then commit timer 00:05:00, look, and configure session fairhost commit",
  tried: false,
  ports: {
    format: /^Ethernet\d{1,3}(?:\/\d{1,2}){0,2}$/,
    says: "a port of EOS such as Ethernet3 or Ethernet49/1",
  },
  render,
  others: () => [],
};

/** A port, without a character that means anything. Which ones there are says `ports`. */
const plainPort = plain(/[A-Za-z][A-Za-z0-9/:-]+/, "port");

/** The VLAN of the ports to the switches of the site, where they are several. It exists on this router alone: frames have no tag. */
const vlan = 2;

/** A mode with its lines. */
const mode = (words: string, ...lines: readonly string[]) => [words, ...lines.map((line) => `   ${line}`)].join("\n");
/** How prefixes of it are called in lists, routes and conditions. */
const word = ({ version }: Family) => (version === 6 ? "ipv6" : "ip");

function render(plan: RouterPlan): string {
  const families = familiesOf(plan);
  const named = [...families.flatMap(lists(plan)), ...shared(plan), ...families.flatMap(maps(plan))];
  return [
    `! ${heading(plan)}`,
    // What an earlier text had in them goes. A session makes one change of it.
    [`no router bgp ${plan.asNumber}`, ...new Set(named.map(({ removed }) => removed))].join("\n"),
    "service routing protocols model multi-agent",
    // IPv4 has next hops of IPv6 (RFC 8950), and interfaces without an address of IPv4 forward it.
    ["ipv6 unicast-routing", ...(families.includes(ipv4) ? ["ip routing ipv6 interfaces"] : [])].join("\n"),
    mode("router bfd", `interval ${bfd.intervalMs} min-rx ${bfd.intervalMs} multiplier ${bfd.multiplier} default`),
    ...interfaces(plan),
    // What no account has ends here, and does not go back to an operator.
    ...families.map((family) =>
      prefixesOf(family, plan.owned)
        .map((prefix) => `${word(family)} route ${plainPrefix(prefix)} Null0`)
        .join("\n"),
    ),
    ...named.map(({ text }) => text),
    bgp(plan),
    "",
  ].join("\n!\n");
}

/** Ports, and for two of them a VLAN whose second port carries nothing until the first is lost, without LACP: their switches are two. */
function interfaces({ name, interfaces }: RouterPlan): string[] {
  return interfaces.flatMap(({ ports, leadsTo, addresses }) => {
    const words = `description ${leadsTo}`;
    const own = [
      "ipv6 enable",
      // Ways out are told by BGP (decision 124). EOS would answer whoever asks for a router.
      "ipv6 nd ra disabled all",
      ...[ipv6, ipv4].flatMap((family) =>
        prefixesOf(family, addresses).map((address) => `${word(family)} address ${plainPrefix(address)}`),
      ),
    ];
    const [first, second, ...more] = ports.map((port) => plainPort(port));
    if (second === undefined) return [mode(`interface ${first}`, words, "no switchport", ...own)];
    if (more.length > 0)
      throw new UserError(
        `router ${name} has ${ports.length} ports to switches, and on EOS a port has one other that takes its place\nFix: declare at most two of them in \`ports\`.`,
      );
    const member = (port: string | undefined, ...lines: readonly string[]) =>
      mode(
        `interface ${port}`,
        words,
        "switchport",
        "switchport mode access",
        `switchport access vlan ${vlan}`,
        ...lines,
      );
    return [
      mode(`vlan ${vlan}`, "name switches"),
      member(first, `switchport backup-link ${second}`),
      member(second),
      mode(`interface Vlan${vlan}`, words, ...own),
    ];
  });
}

/** A list or a route map, and the command that removes it. */
interface Named {
  readonly removed: string;
  readonly text: string;
}

/** Lists of prefixes. One that is missing fits everything: each is written, also if nothing is in it. */
const lists =
  (plan: RouterPlan) =>
  (family: Family): Named[] => {
    const { bits, accepted, bogons } = family;
    const owned = prefixesOf(family, plan.owned);
    const roas = roasOf(family, plan.roas);
    const any = `${family.default} le ${bits}`;
    const list = (name: string, entries: readonly string[], last = "deny"): Named => ({
      removed: `no ${word(family)} prefix-list ${name}`,
      text: mode(
        `${word(family)} prefix-list ${name}`,
        ...[...entries, `${last} ${any}`].map((entry, index) => `seq ${5 * (index + 1)} ${entry}`),
      ),
    });
    const permit = (prefix: string) => `permit ${plainPrefix(prefix)}`;
    const orLonger = (prefix: string) => `${permit(prefix)} le ${bits}`;
    return [
      list("default", [`permit ${family.default}`]),
      list("owned", owned.map(permit)),
      // All that is not taken of operators.
      list(
        "not-of-internet",
        [
          ...[...bogons, ...owned].map(orLonger),
          `deny ${accepted.range} ge ${accepted.shortest} le ${accepted.longest}`,
        ],
        "permit",
      ),
      list("checked", [...new Set(roas.map(({ prefix }) => orLonger(prefix)))]),
      ...byOrigin(roas).map(([origin, own]) =>
        list(
          `origin-${origin}`,
          own.map(({ prefix, maxLength }) =>
            maxLength === lengthOf(prefix) ? permit(prefix) : `${permit(prefix)} le ${maxLength}`,
          ),
        ),
      ),
      ...plan.hosts
        .filter((host) => familiesOfHost(plan, host).includes(family))
        .map(({ name, prefixes }) => list(`host-${plainName(name)}`, prefixesOf(family, prefixes).map(permit))),
    ];
  };

/** Lists that have nothing of prefixes in them, and serve both families. EOS takes entries of origins (ROAs) of a cache alone. */
const shared = ({ roas }: RouterPlan): Named[] => [
  ...byOrigin(roas).map(([origin]) => ({
    removed: `no ip as-path access-list origin-${origin}`,
    text: `ip as-path access-list origin-${origin} permit _${origin}$ any`,
  })),
  { removed: "no ip community-list leaving", text: "ip community-list leaving permit GSHUT" },
];

/** RFC 8326: who hears it prefers any other way. */
const leave = ["set community GSHUT additive", "set local-preference 0"];

const maps =
  (plan: RouterPlan) =>
  (family: Family): Named[] => {
    const { suffix } = family;
    const { hosts, operators, gracefulShutdown } = plan;
    const map = (name: string, ...entries: readonly (readonly ["permit" | "deny", ...string[]])[]): Named => ({
      removed: `no route-map ${name}${suffix}`,
      text: entries
        .map(([what, ...lines], index) => mode(`route-map ${name}${suffix} ${what} ${10 * (index + 1)}`, ...lines))
        .join("\n"),
    });
    const leaving = gracefulShutdown ? leave : [];
    const matching = (list: string) => `match ${word(family)} address prefix-list ${list}`;
    const origins = byOrigin(roasOf(family, plan.roas)).map(([origin]) => [
      matching(`origin-${origin}`),
      `match as-path origin-${origin}`,
    ]);
    return [
      ...hosts
        .filter((host) => familiesOfHost(plan, host).includes(family))
        // Behind the host itself: on the network of all hosts it could name another, or send it round between routers.
        .map(({ name }) =>
          map(`host-${name}-in`, ["permit", matching(`host-${name}`), "set ipv6 next-hop peer-address", ...leaving]),
        ),
      // The way out, as long as there is one.
      map("hosts-out", ["permit", matching("default"), ...leaving]),
      map("routers-in", ["permit"]),
      map("routers-out", ["deny", matching("owned")], ["permit", ...leaving]),
      ...operators.flatMap((operator) => {
        const { name } = operator;
        const own = gracefulShutdown || operator.gracefulShutdown ? leave : [];
        // As of a host: behind another one, or behind the other router, packets would go round.
        const behind = sessionsOf(plan, operator)
          .filter(({ families }) => families.includes(family))
          .map(({ over }) => `set ${word(over)} next-hop peer-address`);
        /** Of a neighbour that is left itself, too. */
        const taken = (...those: readonly string[]) =>
          [
            ["permit", ...those, "match community leaving", ...behind, "set local-preference 0", ...own.slice(0, 1)],
            ["permit", ...those, ...behind, ...own],
          ] as const;
        return [
          map(
            `operator-${plainName(name)}-in`,
            ...taken(matching("default")),
            ["deny", matching("not-of-internet")],
            // RFC 6811: what an entry has with this origin and length, nothing else of what entries cover, and all the rest.
            ...origins.flatMap((those) => taken(...those)),
            ["deny", matching("checked")],
            ...taken(),
          ),
          map(`operator-${name}-out`, ["permit", matching("owned"), ...own]),
        ];
      }),
    ];
  };

/** A session, and what it exchanges of each family. */
interface Neighbor {
  readonly address: string;
  readonly over: Family;
  readonly families: readonly Family[];
  /** Lines for the session. */
  readonly lines: readonly string[];
  /** Route maps of what comes and of what goes. */
  readonly maps: readonly [into: string, out: string];
}

function neighborsOf(plan: RouterPlan): Neighbor[] {
  // How EOS counts a session of two families is not tried: the larger limit has room for all that both may bring.
  const most = (limits: readonly number[]) => `maximum-routes ${Math.max(...limits)}`;
  return [
    ...plan.hosts.map((host) => {
      const families = familiesOfHost(plan, host);
      const { name, address, asNumber } = host;
      return {
        ...{ address, over: ipv6, families, maps: [`host-${name}-in`, "hosts-out"] as const },
        lines: [
          "peer group hosts",
          `remote-as ${asNumber}`,
          `description host ${plainName(name)}`,
          most(families.map((family) => limitOfHost(family, host))),
        ],
      };
    }),
    ...plan.routers.map(({ name, neighbor }) => ({
      ...{ address: neighbor, over: ipv6, families: familiesOf(plan), maps: ["routers-in", "routers-out"] as const },
      lines: ["peer group routers", `remote-as ${plan.asNumber}`, `description router ${plainName(name)}`],
    })),
    ...plan.operators.flatMap((operator) =>
      sessionsOf(plan, operator).map(({ over, neighbor, families }) => ({
        ...{ address: neighbor, over, families },
        maps: [`operator-${operator.name}-in`, `operator-${operator.name}-out`] as const,
        lines: [
          "peer group operators",
          `remote-as ${operator.asNumber}`,
          `description operator ${plainName(operator.name)}`,
          ...(operator.bfd ? ["bfd"] : []),
          most(families.map(({ limits }) => limits.operator)),
        ],
      })),
    ),
  ];
}

function bgp(plan: RouterPlan): string {
  const neighbors = neighborsOf(plan);
  const group = (name: string, ...lines: readonly string[]) =>
    ["peer group", "send-community standard", ...lines].map((line) => `neighbor ${name} ${line}`);
  return mode(
    `router bgp ${plan.asNumber}`,
    `router-id ${plan.routerId}`,
    "no bgp default ipv4-unicast",
    "bgp log-neighbor-changes",
    "bgp missing-policy direction in action deny",
    "bgp missing-policy direction out action deny",
    // Every router reflects: a way over several links is known to all of them.
    `bgp cluster-id ${plan.routerId}`,
    `timers bgp ${timers.keepalive} ${timers.hold}`,
    "graceful-restart",
    // After a start: at most so long until it announces what it knows.
    "update wait-for-convergence",
    `bgp convergence time ${timers.settle}`,
    `bgp convergence slow-peer time ${timers.settle}`,
    // A host that announced too much is called again after a minute; an operator stays down until somebody has looked.
    ...group("hosts", "bfd", "idle-restart-timer 60"),
    ...group(
      "routers",
      "next-hop-self",
      "route-reflector-client",
      `timers ${linkTimers.keepalive} ${linkTimers.hold}`,
      "maximum-routes 0",
    ),
    ...group("operators"),
    ...neighbors.flatMap(({ address, lines }) => lines.map((line) => `neighbor ${plainEither(address)} ${line}`)),
    ...familiesOf(plan).flatMap((family) => [
      "!",
      mode(`address-family ipv${family.version}`, ...exchanged(plan, family, neighbors)).replaceAll("\n", "\n   "),
    ]),
  );
}

/** What the sessions exchange of one family. */
function exchanged(plan: RouterPlan, family: Family, neighbors: readonly Neighbor[]): string[] {
  const own = prefixesOf(family, plan.owned);
  return [
    ...neighbors
      .filter(({ families }) => families.includes(family))
      .flatMap(({ address, over, maps: [into, out] }) =>
        [
          "activate",
          `route-map ${into}${family.suffix} in`,
          `route-map ${out}${family.suffix} out`,
          ...(family === over ? [] : ["next-hop address-family ipv6 originate"]),
        ].map((line) => `neighbor ${plainEither(address)} ${line}`),
      ),
    ...(family === ipv6 ? [plan.infrastructure, ...own] : own).map((prefix) => `network ${plainPrefix(prefix)}`),
  ];
}
