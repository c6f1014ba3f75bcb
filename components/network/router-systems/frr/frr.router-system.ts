import { plainAddress } from "../../../../lib/systemd/unit-file.ts";
import { lengthOf } from "../../origins.ts";
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

/** FRR 10, Debian's frr: zebra, staticd, bgpd, bfdd. */
export const routerSystem: RouterSystem = { manufacturer: "frr", file: "/etc/frr/frr.conf", tried: true, render };

function render(plan: RouterPlan): string {
  const { name, routerId, asNumber, address, infrastructure, owned } = plan;
  const neighbors = [
    ...plan.hosts.map(({ name, address, asNumber }) => neighbor(address, asNumber, `host ${plainName(name)}`)),
    ...plan.routers.map(({ name, address, neighbor: other }) =>
      neighbor(other, asNumber, `router ${plainName(name)}`, { source: address, bfd: false, times: linkTimers }),
    ),
    ...plan.operators.map(({ name, address, neighbor: other, asNumber, bfd }) =>
      neighbor(other, asNumber, `operator ${plainName(name)}`, { source: address, bfd }),
    ),
  ];
  const activated = [
    ...plan.hosts.map(({ name, address }) =>
      activate(address, `host-${name}-in`, "hosts-out", `maximum-prefix ${prefixLimits.host} restart 1`),
    ),
    ...plan.routers.map(({ neighbor: other }) =>
      activate(other, "routers-in", "routers-out", "next-hop-self force", "route-reflector-client"),
    ),
    ...plan.operators.map(({ name, neighbor: other }) =>
      activate(other, `operator-${name}-in`, `operator-${name}-out`, `maximum-prefix ${prefixLimits.operator}`),
    ),
  ];
  return `! ${heading(plan)}
frr defaults traditional
hostname ${plainName(name)}
log syslog informational
service integrated-vtysh-config
!
! What no account has ends here, and does not go back to an operator.
${owned.map((prefix) => `ipv6 route ${plainPrefix6(prefix)} reject`).join("\n")}
!
bfd
 profile fairhost
  detect-multiplier ${bfd.multiplier}
  receive-interval ${bfd.intervalMs}
  transmit-interval ${bfd.intervalMs}
 exit
exit
!
${[...lists(plan), ...maps(plan)].join("\n!\n")}
!
router bgp ${asNumber}
 bgp router-id ${routerId}
 no bgp default ipv4-unicast
 bgp log-neighbor-changes
 bgp graceful-restart
 ! After a start: at most so long until it announces what it knows.
 update-delay ${timers.settle}
${neighbors.join("")} !
 address-family ipv6 unicast
${[infrastructure, ...owned].map((prefix) => `  network ${plainPrefix6(prefix)}\n`).join("")}${activated.join("")} exit-address-family
exit
!
! ${plainAddress(address)} is this router's own address for hosts.
end
`;
}

function neighbor(
  address: string,
  asNumber: number,
  words: string,
  {
    source,
    bfd: watched = true,
    times = timers,
  }: {
    readonly source?: string;
    readonly bfd?: boolean;
    readonly times?: { readonly keepalive: number; readonly hold: number };
  } = {},
): string {
  const own = [
    `remote-as ${asNumber}`,
    `description ${words}`,
    `timers ${times.keepalive} ${times.hold}`,
    `timers connect ${timers.connectMost}`,
    `advertisement-interval 0`,
    ...(source === undefined ? [] : [`update-source ${plainAddress(source)}`]),
    ...(watched ? ["bfd profile fairhost"] : []),
  ];
  return own.map((line) => ` neighbor ${plainAddress(address)} ${line}\n`).join("");
}

function activate(address: string, into: string, out: string, ...own: readonly string[]): string {
  const lines = ["activate", ...own, `route-map ${into} in`, `route-map ${out} out`];
  return lines.map((line) => `  neighbor ${plainAddress(address)} ${line}\n`).join("");
}

/** Lists of prefixes. One that is missing fits everything: each is written, also if nothing is in it. */
function lists({ owned, infrastructure, roas, hosts }: RouterPlan): string[] {
  const list = (name: string, entries: readonly string[]) =>
    [...entries, "deny any"]
      .map((entry, index) => `ipv6 prefix-list ${name} seq ${5 * (index + 1)} ${entry}`)
      .join("\n");
  const permit = (prefix: string) => `permit ${plainPrefix6(prefix)}`;
  return [
    list("default", ["permit ::/0"]),
    list("owned", owned.map(permit)),
    list("site", [permit(infrastructure)]),
    list("of-internet", [
      ...[...bogons, ...owned].map((prefix) => `deny ${plainPrefix6(prefix)} le 128`),
      `permit ${accepted.range} ge ${accepted.shortest} le ${accepted.longest}`,
    ]),
    list(
      "checked",
      [...new Set(roas.map(({ prefix }) => plainPrefix6(prefix)))].map((prefix) => `permit ${prefix} le 128`),
    ),
    ...byOrigin(roas).flatMap(([origin, own]) => [
      list(
        `origin-${origin}`,
        own.map(({ prefix, maxLength }) =>
          maxLength === lengthOf(prefix) ? permit(prefix) : `${permit(prefix)} le ${maxLength}`,
        ),
      ),
      `bgp as-path access-list origin-${origin} seq 5 permit (^|_)${origin}$`,
    ]),
    ...hosts.map(({ name, prefixes }) => list(`host-${plainName(name)}`, prefixes.map(permit))),
  ];
}

/** Entries of each AS that may announce something: 0 is nobody. */
const byOrigin = (roas: RouterPlan["roas"]) =>
  [...Map.groupBy(roas, ({ asNumber }) => asNumber)].filter(([origin]) => origin !== 0);

/** RFC 8326: who hears it prefers any other way. */
const leave = ["set community graceful-shutdown additive", "set local-preference 0"];

function maps({ hosts, operators, roas, gracefulShutdown }: RouterPlan): string[] {
  const map = (name: string, ...entries: readonly (readonly string[])[]) =>
    entries
      .flatMap((lines, index) => [
        `route-map ${name} permit ${10 * (index + 1)}`,
        ...lines.map((line) => ` ${line}`),
        "exit",
      ])
      .join("\n");
  const leaving = gracefulShutdown ? leave : [];
  const matching = (list: string) => `match ipv6 address prefix-list ${list}`;
  return [
    "bgp community-list standard leaving seq 5 permit graceful-shutdown",
    ...hosts.map(({ name }) => map(`host-${name}-in`, [matching(`host-${name}`), ...leaving])),
    // The way out, as long as there is one.
    map("hosts-out", [matching("default"), ...leaving]),
    map("routers-in", []),
    origins(roas),
    `route-map routers-out deny 5\n ${matching("owned")}\nexit\n${map("routers-out", leaving)}`,
    ...operators.flatMap(({ name, gracefulShutdown: ofOperator }) => {
      const own = gracefulShutdown || ofOperator ? leave : [];
      return [
        map(
          `operator-${name}-in`,
          ...[[matching("default")], [matching("of-internet"), "call origins"]].flatMap((those) => [
            [...those, "match community leaving", "set local-preference 0", ...own.slice(0, 1)],
            [...those, ...own],
          ]),
        ),
        map(`operator-${name}-out`, [matching("owned"), ...own]),
      ];
    }),
  ];
}

/** RFC 6811: what an entry has with this origin and length, nothing else of what entries cover, and all the rest. */
function origins(roas: RouterPlan["roas"]): string {
  const own = byOrigin(roas).map(([origin]) => [
    `permit`,
    ` match ipv6 address prefix-list origin-${origin}`,
    ` match as-path origin-${origin}`,
  ]);
  return [...own, ["deny", " match ipv6 address prefix-list checked"], ["permit"]]
    .map(([what, ...lines], index) => [`route-map origins ${what} ${10 * (index + 1)}`, ...lines, "exit"].join("\n"))
    .join("\n");
}
