import { plainAddress } from "../../../../lib/systemd/unit-file.ts";
import { frr } from "../../frr.host.ts";
import { frrDaemons } from "../../frr-daemons.host.ts";
import { lengthOf } from "../../origins.ts";
import { debianBundle, debianFiles, debianPorts } from "../debian-router.ts";
import { firewallOf } from "../router-firewall.ts";
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

/** FRR 10, Debian's frr: zebra, staticd, bgpd, bfdd. */
export const routerSystem: RouterSystem = {
  manufacturer: "frr",
  file: "/etc/frr/frr.conf",
  tried: true,
  ports: debianPorts,
  render,
  delivered: {
    packages: ["frr", "frr-pythontools"],
    bundle: (plan) => {
      const firewall = firewallOf(plan);
      return {
        files: [
          { path: frr.linksTo, content: render(plan) },
          { path: frrDaemons.linksTo, content: daemons },
          ...debianBundle(plan),
          ...firewall.files,
        ],
        units: [...firewall.units, { name: frr.takesEffect.unit, want: "start", restartOn: [frrDaemons.linksTo] }],
      };
    },
  },
  others: (plan) => [{ path: "/etc/frr/daemons", content: daemons }, ...debianFiles(plan)],
};

/** What Debian's frr.service starts beside zebra, staticd and mgmtd, which it always does. */
const daemons = `bgpd=yes
bfdd=yes
vtysh_enable=yes
zebra_options="-A 127.0.0.1 -s 90000000"
mgmtd_options="-A 127.0.0.1"
bgpd_options="-A 127.0.0.1"
staticd_options="-A 127.0.0.1"
bfdd_options="-A 127.0.0.1"
`;

/** FRR does not show what is its default: such a line would differ from what it runs for ever. */
const defaultMultiplier: number = 3;

function render(plan: RouterPlan): string {
  const { name, routerId, asNumber, address } = plan;
  const families = familiesOf(plan);
  const neighbors = [
    ...plan.hosts.map((host) =>
      neighbor(host.address, host.asNumber, `host ${plainName(host.name)}`, { families: familiesOfHost(plan, host) }),
    ),
    ...plan.routers.map(({ name, address, neighbor: other }) =>
      neighbor(other, asNumber, `router ${plainName(name)}`, {
        source: address,
        bfd: false,
        times: linkTimers,
        families,
      }),
    ),
    ...plan.operators.flatMap((operator) =>
      sessionsOf(plan, operator).map(({ over, address: source, neighbor: other, families: exchanged }) =>
        neighbor(other, operator.asNumber, `operator ${plainName(operator.name)}`, {
          ...{ source, bfd: operator.bfd, families: exchanged, over },
        }),
      ),
    ),
  ];
  return `! ${heading(plan)}
frr defaults traditional
hostname ${plainName(name)}
log syslog informational
service integrated-vtysh-config
!
! What no account has ends here, and does not go back to an operator.
${families.flatMap((family) => prefixesOf(family, plan.owned).map((prefix) => `${word(family)} route ${plainPrefix(prefix)} reject\n`)).join("")}!
bfd
 profile fairhost
${bfd.multiplier === defaultMultiplier ? "" : `  detect-multiplier ${bfd.multiplier}\n`}  receive-interval ${bfd.intervalMs}
  transmit-interval ${bfd.intervalMs}
 exit
exit
!
${[...families.flatMap(lists(plan)), ...shared(plan), ...families.flatMap(maps(plan))].join("\n!\n")}
!
router bgp ${asNumber}
 bgp router-id ${routerId}
 no bgp default ipv4-unicast
 ! No router advertisements where IPv4 has IPv6 next hops: hosts and operators would take them for their way out.
 no bgp ipv6-auto-ra
 bgp log-neighbor-changes
 bgp graceful-restart
 ! After a start: at most so long until it announces what it knows.
 update-delay ${timers.settle}
${neighbors.join("")} !
${families.map(addressFamily(plan)).join(" !\n")}exit
!
! ${plainAddress(address)} is this router's own address for hosts.
end
`;
}

/** How prefixes of it are called in lists, routes and conditions. */
const word = ({ version }: Family) => (version === 6 ? "ipv6" : "ip");

/** What the sessions exchange of one family. */
const addressFamily =
  (plan: RouterPlan) =>
  (family: Family): string => {
    const { version, suffix, limits } = family;
    const own = prefixesOf(family, plan.owned);
    const lines = [
      ...(version === 6 ? [plan.infrastructure, ...own] : own).map((prefix) => `  network ${plainPrefix(prefix)}\n`),
      ...plan.hosts
        .filter((host) => familiesOfHost(plan, host).includes(family))
        .map((host) =>
          activate(
            host.address,
            `host-${host.name}-in${suffix}`,
            `hosts-out${suffix}`,
            `maximum-prefix ${limitOfHost(family, host)} restart 1`,
          ),
        ),
      ...plan.routers.map(({ neighbor: other }) =>
        activate(other, "routers-in", `routers-out${suffix}`, "next-hop-self force", "route-reflector-client"),
      ),
      ...plan.operators.flatMap((operator) =>
        sessionsOf(plan, operator)
          .filter(({ families }) => families.includes(family))
          .map(({ over, neighbor: other }) =>
            activate(
              other,
              fromOperator(operator.name, over, family),
              `operator-${operator.name}-out${suffix}`,
              `maximum-prefix ${limits.operator}`,
            ),
          ),
      ),
    ];
    return ` address-family ipv${version} unicast\n${lines.join("")} exit-address-family\n`;
  };

function neighbor(
  address: string,
  asNumber: number,
  words: string,
  {
    source,
    bfd: watched = true,
    times = timers,
    families,
    over = ipv6,
  }: {
    readonly source?: string;
    readonly bfd?: boolean;
    readonly times?: { readonly keepalive: number; readonly hold: number };
    readonly families: readonly Family[];
    readonly over?: Family;
  },
): string {
  const own = [
    `remote-as ${asNumber}`,
    `description ${words}`,
    `timers ${times.keepalive} ${times.hold}`,
    `timers connect ${timers.connectMost}`,
    `advertisement-interval 0`,
    ...(source === undefined ? [] : [`update-source ${plainEither(source)}`]),
    ...(watched ? ["bfd", "bfd profile fairhost"] : []),
    // IPv4 with IPv6 next hops (RFC 8950).
    ...(over !== ipv4 && families.includes(ipv4) ? ["capability extended-nexthop"] : []),
  ];
  return own.map((line) => ` neighbor ${plainEither(address)} ${line}\n`).join("");
}

function activate(address: string, into: string, out: string, ...own: readonly string[]): string {
  const lines = ["activate", ...own, `route-map ${into} in`, `route-map ${out} out`];
  return lines.map((line) => `  neighbor ${plainEither(address)} ${line}\n`).join("");
}

/** The map of what a session with an operator brings of a family. */
const fromOperator = (name: string, over: Family, { suffix }: Family) =>
  `operator-${name}-in${suffix}${over === ipv4 ? "-over-ipv4" : ""}`;

/** Lists of prefixes. One that is missing fits everything: each is written, also if nothing is in it. */
const lists =
  (plan: RouterPlan) =>
  (family: Family): string[] => {
    const { bits, accepted, bogons } = family;
    const owned = prefixesOf(family, plan.owned);
    const roas = roasOf(family, plan.roas);
    const list = (name: string, entries: readonly string[]) =>
      [...entries, "deny any"]
        .map((entry, index) => `${word(family)} prefix-list ${name} seq ${5 * (index + 1)} ${entry}`)
        .join("\n");
    const permit = (prefix: string) => `permit ${plainPrefix(prefix)}`;
    return [
      list("default", [`permit ${family.default}`]),
      list("owned", owned.map(permit)),
      ...(family === ipv4 ? [] : [list("site", [permit(plan.infrastructure)])]),
      list("of-internet", [
        ...[...bogons, ...owned].map((prefix) => `deny ${plainPrefix(prefix)} le ${bits}`),
        `permit ${accepted.range} ge ${accepted.shortest} le ${accepted.longest}`,
      ]),
      list(
        "checked",
        [...new Set(roas.map(({ prefix }) => plainPrefix(prefix)))].map((prefix) => `permit ${prefix} le ${bits}`),
      ),
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

/** RFC 8326: who hears it prefers any other way. */
const leave = ["set community graceful-shutdown additive", "set local-preference 0"];

/** Lists that have nothing of prefixes in them, and serve both families. */
const shared = ({ roas }: RouterPlan) => [
  ...byOrigin(roas).map(([origin]) => `bgp as-path access-list origin-${origin} seq 5 permit (^|_)${origin}$`),
  "bgp community-list standard leaving seq 5 permit graceful-shutdown",
];

const maps =
  (plan: RouterPlan) =>
  (family: Family): string[] => {
    const { suffix } = family;
    const { hosts, operators, gracefulShutdown } = plan;
    const map = (name: string, ...entries: readonly (readonly string[])[]) =>
      entries
        .flatMap((lines, index) => [
          `route-map ${name} permit ${10 * (index + 1)}`,
          ...lines.map((line) => ` ${line}`),
          "exit",
        ])
        .join("\n");
    const leaving = gracefulShutdown ? leave : [];
    const matching = (list: string) => `match ${word(family)} address prefix-list ${list}`;
    return [
      ...hosts
        .filter((host) => familiesOfHost(plan, host).includes(family))
        // Of what is its own it says that it is behind itself: on the network of all hosts it could name another, or send it round between routers.
        .map(({ name, address }) =>
          map(`host-${name}-in${suffix}`, [
            matching(`host-${name}`),
            `match ipv6 next-hop address ${plainAddress(address)}`,
            // Not the link-local address that it says beside it, which FRR would take and nothing here compares.
            "set ipv6 next-hop prefer-global",
            ...leaving,
          ]),
        ),
      // The way out, as long as there is one.
      map(`hosts-out${suffix}`, [matching("default"), ...leaving]),
      ...(family === ipv4 ? [] : [map("routers-in", [])]),
      origins(family, roasOf(family, plan.roas)),
      `route-map routers-out${suffix} deny 5\n ${matching("owned")}\nexit\n${map(`routers-out${suffix}`, leaving)}`,
      ...operators.flatMap((operator) => {
        const { name } = operator;
        const own = gracefulShutdown || operator.gracefulShutdown ? leave : [];
        return [
          ...sessionsOf(plan, operator)
            .filter(({ families }) => families.includes(family))
            .map(({ over, neighbor: other }) => {
              // As of a host: behind another one, or behind the other router, packets would go round.
              const behind = [`match ${word(over)} next-hop address ${plainEither(other)}`];
              const itself = over === ipv4 ? [] : ["set ipv6 next-hop prefer-global"];
              return map(
                fromOperator(name, over, family),
                ...[[matching("default")], [matching("of-internet"), `call origins${suffix}`]].flatMap((those) => [
                  [
                    ...those,
                    ...behind,
                    "match community leaving",
                    ...itself,
                    "set local-preference 0",
                    ...own.slice(0, 1),
                  ],
                  [...those, ...behind, ...itself, ...own],
                ]),
              );
            }),
          map(`operator-${name}-out${suffix}`, [matching("owned"), ...own]),
        ];
      }),
    ];
  };

/** RFC 6811: what an entry has with this origin and length, nothing else of what entries cover, and all the rest. */
function origins(family: Family, roas: RouterPlan["roas"]): string {
  const matching = (list: string) => ` match ${word(family)} address prefix-list ${list}`;
  const own = byOrigin(roas).map(([origin]) => [
    "permit",
    matching(`origin-${origin}`),
    ` match as-path origin-${origin}`,
  ]);
  return [...own, ["deny", matching("checked")], ["permit"]]
    .map(([what, ...lines], index) =>
      [`route-map origins${family.suffix} ${what} ${10 * (index + 1)}`, ...lines, "exit"].join("\n"),
    )
    .join("\n");
}
