import { plain, plainAddress } from "../../../../lib/systemd/unit-file.ts";
import type { RouterPlan } from "../router-plan.ts";
import {
  bfd,
  type Family,
  familiesOf,
  familiesOfHost,
  heading,
  ipv6,
  limitOfHost,
  linkTimers,
  plainEither,
  plainName,
  plainPrefix,
  prefixesOf,
  type RouterSystem,
  sessionsOf,
  timers,
} from "../router-system.ts";

/** Junos of Juniper, for `load replace`. Nobody has run this text: Debian has no Junos, tests compare it alone. */
export const routerSystem: RouterSystem = {
  manufacturer: "juniper",
  file: "load replace terminal",
  tried: false,
  ports: {
    format: /^(?:ge|xe|et)-\d{1,2}\/\d{1,2}\/\d{1,3}(?::\d{1,2})?$/,
    says: "a port of Junos such as xe-0/0/1",
  },
  render,
  others: () => [],
};

/** A port, without a character that means anything. Which ones there are says `ports`. */
const plainPort = plain(/[a-z][a-z0-9/:-]+/, "port");

/** A statement with a block. */
function block(words: string, ...inside: readonly string[]): string {
  return `${words} {\n${inside.map((line) => line.replace(/^(?=.)/gm, "    ")).join("\n")}\n}`;
}

const term = (name: string, from: readonly string[], then: readonly string[]) =>
  block(`term ${name}`, ...(from.length > 0 ? [block("from", ...from)] : []), block("then", ...then));
const exactly = (prefixes: readonly string[]) => prefixes.map((prefix) => `route-filter ${plainPrefix(prefix)} exact;`);
const refuse = term("else", [], ["reject;"]);
/** RFC 8326: who hears it prefers any other way. */
const leave = ["community add GRACEFUL-SHUTDOWN;", "local-preference 0;"];

function render(plan: RouterPlan): string {
  return [
    `/* ${heading(plan)} */`,
    ...interfaces(plan),
    block(
      "replace: routing-options",
      `router-id ${plan.routerId};`,
      `autonomous-system ${plan.asNumber};`,
      // What no account has ends here, and does not go back to an operator.
      ...familiesOf(plan).map((family) =>
        block(
          `rib ${inet(family)}.0`,
          block("static", ...prefixesOf(family, plan.owned).map((prefix) => `route ${plainPrefix(prefix)} reject;`)),
        ),
      ),
      ...(plan.roas.length === 0 ? [] : [block("validation", block("static", ...records(plan.roas)))]),
    ),
    block("replace: policy-options", ...policies(plan)),
    block(
      "protocols",
      block(
        "replace: bgp",
        `hold-time ${timers.hold};`,
        "graceful-restart;",
        group("hosts", plan.hosts.map(host(plan))),
        group("routers", plan.routers.map(linked(plan))),
        group("operators", plan.operators.flatMap(operator(plan))),
      ),
    ),
    "",
  ].join("\n");
}

/** Ports, and for several of them an interface of which one port carries everything until it is lost, without LACP: their switches are two. */
function interfaces(plan: RouterPlan): string[] {
  if (plan.interfaces.length === 0) return [];
  const families = familiesOf(plan);
  const several = plan.interfaces.some(({ ports }) => ports.length > 1);
  const lines = plan.interfaces.flatMap(({ ports, leadsTo, addresses }) => {
    const unit = block(
      "unit 0",
      ...families.map((family) => {
        const own = prefixesOf(family, addresses).map((address) => `address ${plainPrefix(address)};`);
        // Without an address it forwards too.
        return own.length === 0 ? `family ${inet(family)};` : block(`family ${inet(family)}`, ...own);
      }),
    );
    const words = `description "${leadsTo}";`;
    if (ports.length === 1) return [block(`replace: ${plainPort(ports[0]!)}`, words, unit)];
    const member = (role: string) => block("gigether-options", block("802.3ad", "ae0;", `${role};`));
    return [
      ...ports.map((port, index) =>
        block(`replace: ${plainPort(port)}`, words, member(index === 0 ? "primary" : "backup")),
      ),
      block("replace: ae0", words, block("aggregated-ether-options", block("link-protection", "non-revertive;")), unit),
    ];
  });
  return [
    ...(several ? [block("chassis", block("aggregated-devices", block("ethernet", "device-count 1;")))] : []),
    block("interfaces", ...lines),
  ];
}

/** Who may announce what (RFC 6811). */
const records = (roas: RouterPlan["roas"]) =>
  roas.map(({ prefix, maxLength, asNumber }) =>
    block(
      `record ${plainPrefix(prefix)}`,
      block(
        `maximum-length ${maxLength}`,
        block(`origin-autonomous-system ${asNumber}`, `validation-state ${asNumber === 0 ? "invalid" : "valid"};`),
      ),
    ),
  );

const group = (name: string, neighbors: readonly string[]) =>
  block(`group ${name}`, `type ${name === "routers" ? "internal" : "external"};`, ...neighbors);

const detection = block(
  "bfd-liveness-detection",
  `minimum-interval ${bfd.intervalMs};`,
  `multiplier ${bfd.multiplier};`,
);

const inet = ({ version }: Family) => (version === 6 ? "inet6" : "inet");

/** A family of a session. Over IPv6, IPv4 has the same next hops (RFC 8950). */
const exchanged = (family: Family, over: Family, ...lines: readonly string[]) => {
  const all = family === over ? lines : ["extended-nexthop;", ...lines];
  return block(`family ${inet(family)}`, all.length === 0 ? "unicast;" : block("unicast", ...all));
};

const limited = (family: Family, over: Family, most: number, idle: string) =>
  exchanged(family, over, block("prefix-limit", `maximum ${most};`, `teardown 90 idle-timeout ${idle};`));

const host = (plan: RouterPlan) => (session: RouterPlan["hosts"][number]) => {
  const { name, address, asNumber } = session;
  return block(
    `neighbor ${plainAddress(address)}`,
    `description "host ${plainName(name)}";`,
    `local-address ${plainAddress(plan.address)};`,
    `peer-as ${asNumber};`,
    detection,
    ...familiesOfHost(plan, session).map((family) => limited(family, ipv6, limitOfHost(family, session), "1")),
    `import host-${name}-in;`,
    "export hosts-out;",
  );
};

const linked =
  (plan: RouterPlan) =>
  ({ name, address, neighbor }: RouterPlan["routers"][number]) =>
    block(
      `neighbor ${plainAddress(neighbor)}`,
      `description "router ${plainName(name)}";`,
      `local-address ${plainAddress(address)};`,
      `hold-time ${linkTimers.hold};`,
      ...familiesOf(plan).map((family) => exchanged(family, ipv6)),
      // Every router reflects: a way over several links is known to all of them.
      `cluster ${plan.routerId};`,
      "export routers-out;",
    );

const operator = (plan: RouterPlan) => (session: RouterPlan["operators"][number]) => {
  const { name, asNumber, bfd: watched } = session;
  return sessionsOf(plan, session).map(({ over, address, neighbor, families }) =>
    block(
      `neighbor ${plainEither(neighbor)}`,
      `description "operator ${plainName(name)}";`,
      `local-address ${plainEither(address)};`,
      `peer-as ${asNumber};`,
      ...(watched ? [detection] : []),
      ...families.map((family) => limited(family, over, family.limits.operator, "forever")),
      `import operator-${name}-in;`,
      `export operator-${name}-out;`,
    ),
  );
};

function policies(plan: RouterPlan): string[] {
  const { infrastructure, roas, hosts, operators, gracefulShutdown } = plan;
  const families = familiesOf(plan);
  const leaving = gracefulShutdown ? leave : [];
  const statement = (name: string, ...terms: readonly string[]) => block(`policy-statement ${name}`, ...terms);
  const of = (family: Family, ...those: readonly string[]) => [`family ${inet(family)};`, ...those];
  const ofBgp = "protocol bgp;";
  const owned = (family: Family) => prefixesOf(family, plan.owned);
  const each = (terms: (family: Family) => readonly string[]) => families.flatMap(terms);
  return [
    "community GRACEFUL-SHUTDOWN members 65535:0;",
    ...hosts.map((host) =>
      statement(
        `host-${plainName(host.name)}-in`,
        ...each((family) => {
          const own = prefixesOf(family, host.prefixes);
          const name = family.version === 6 ? "accounts" : "front-end";
          // Behind the host itself: on the network of all hosts it could name another, or send it round between routers.
          const from = [`next-hop ${plainAddress(host.address)};`, ...exactly(own)];
          return own.length === 0 ? [] : [term(name, from, [...leaving, "accept;"])];
        }),
        refuse,
      ),
    ),
    // The way out, as long as there is one.
    statement(
      "hosts-out",
      ...each((family) => [
        term(`default${family.suffix}`, [ofBgp, ...of(family, ...exactly([family.default]))], [...leaving, "accept;"]),
      ]),
      refuse,
    ),
    statement(
      "routers-out",
      term("bgp", [ofBgp], [...leaving, "next-hop self;", "accept;"]),
      term("site", ["protocol direct;", ...exactly([infrastructure])], [...leaving, "next-hop self;", "accept;"]),
      refuse,
    ),
    ...operators.flatMap((session) => {
      const { name, gracefulShutdown: ofOperator } = session;
      const own = gracefulShutdown || ofOperator ? leave : [];
      // As of a host: behind another one, or behind the other router, packets would go round.
      const ways = ({ version }: Family) =>
        sessionsOf(plan, session)
          .filter(({ families }) => families.some((family) => family.version === version))
          .map(({ neighbor }) => `next-hop ${plainEither(neighbor)};`);
      const orLonger = (prefix: string) => `route-filter ${plainPrefix(prefix)} orlonger;`;
      return [
        statement(
          `operator-${plainName(name)}-in`,
          ...each((family) => {
            const beyond = [...family.bogons, ...owned(family)].map(orLonger);
            return [term(`not-of-internet${family.suffix}`, of(family, ...beyond), ["reject;"])];
          }),
          term("is-left", ["community GRACEFUL-SHUTDOWN;"], ["local-preference 0;", "next term;"]),
          ...each((family) =>
            ways(family).map((way) =>
              term(`default${family.suffix}`, of(family, way, ...exactly([family.default])), [...own, "accept;"]),
            ),
          ),
          // After the default routes, which no origin is checked of, as on the other systems.
          ...(roas.length === 0
            ? []
            : [
                term("wrong-origin", [ofBgp, "validation-database invalid;"], ["validation-state invalid;", "reject;"]),
              ]),
          ...each((family) => {
            const { range, shortest, longest } = family.accepted;
            const those = `route-filter ${range} prefix-length-range /${shortest}-/${longest};`;
            return ways(family).map((way) =>
              term(`of-internet${family.suffix}`, of(family, way, those), [...own, "accept;"]),
            );
          }),
          refuse,
        ),
        statement(
          `operator-${name}-out`,
          ...each((family) => [
            term(`owned${family.suffix}`, ["protocol static;", ...exactly(owned(family))], [...own, "accept;"]),
          ]),
          refuse,
        ),
      ];
    }),
  ];
}
