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

/** Junos of Juniper, for `load replace`. Nobody has run this text: Debian has no Junos, tests compare it alone. */
export const routerSystem: RouterSystem = {
  manufacturer: "juniper",
  file: "load replace terminal",
  tried: false,
  render,
};

/** A statement with a block. */
function block(words: string, ...inside: readonly string[]): string {
  return `${words} {\n${inside.map((line) => line.replace(/^(?=.)/gm, "    ")).join("\n")}\n}`;
}

const term = (name: string, from: readonly string[], then: readonly string[]) =>
  block(`term ${name}`, ...(from.length > 0 ? [block("from", ...from)] : []), block("then", ...then));
const exactly = (prefixes: readonly string[]) =>
  prefixes.map((prefix) => `route-filter ${plainPrefix6(prefix)} exact;`);
const refuse = term("else", [], ["reject;"]);
/** RFC 8326: who hears it prefers any other way. */
const leave = ["community add GRACEFUL-SHUTDOWN;", "local-preference 0;"];

function render(plan: RouterPlan): string {
  return [
    `/* ${heading(plan)} */`,
    block(
      "replace: routing-options",
      `router-id ${plan.routerId};`,
      `autonomous-system ${plan.asNumber};`,
      // What no account has ends here, and does not go back to an operator.
      block("rib inet6.0", block("static", ...plan.owned.map((prefix) => `route ${plainPrefix6(prefix)} reject;`))),
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
        group("operators", plan.operators.map(operator)),
      ),
    ),
    "",
  ].join("\n");
}

/** Who may announce what (RFC 6811). */
const records = (roas: RouterPlan["roas"]) =>
  roas.map(({ prefix, maxLength, asNumber }) =>
    block(
      `record ${plainPrefix6(prefix)}`,
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

const limit = (most: number, idle: string) =>
  block(
    "family inet6",
    block("unicast", block("prefix-limit", `maximum ${most};`, `teardown 90 idle-timeout ${idle};`)),
  );

const host =
  ({ address: own }: RouterPlan) =>
  ({ name, address, asNumber }: RouterPlan["hosts"][number]) =>
    block(
      `neighbor ${plainAddress(address)}`,
      `description "host ${plainName(name)}";`,
      `local-address ${plainAddress(own)};`,
      `peer-as ${asNumber};`,
      detection,
      limit(prefixLimits.host, "1"),
      `import host-${name}-in;`,
      "export hosts-out;",
    );

const linked =
  ({ routerId }: RouterPlan) =>
  ({ name, address, neighbor }: RouterPlan["routers"][number]) =>
    block(
      `neighbor ${plainAddress(neighbor)}`,
      `description "router ${plainName(name)}";`,
      `local-address ${plainAddress(address)};`,
      `hold-time ${linkTimers.hold};`,
      block("family inet6", "unicast;"),
      // Every router reflects: a way over several links is known to all of them.
      `cluster ${routerId};`,
      "export routers-out;",
    );

const operator = ({ name, address, neighbor, asNumber, bfd: watched }: RouterPlan["operators"][number]) =>
  block(
    `neighbor ${plainAddress(neighbor)}`,
    `description "operator ${plainName(name)}";`,
    `local-address ${plainAddress(address)};`,
    `peer-as ${asNumber};`,
    ...(watched ? [detection] : []),
    limit(prefixLimits.operator, "forever"),
    `import operator-${name}-in;`,
    `export operator-${name}-out;`,
  );

function policies({ owned, infrastructure, roas, hosts, operators, gracefulShutdown }: RouterPlan): string[] {
  const leaving = gracefulShutdown ? leave : [];
  const statement = (name: string, ...terms: readonly string[]) => block(`policy-statement ${name}`, ...terms);
  const isDefault = ["family inet6;", ...exactly(["::/0"])];
  const ofBgp = "protocol bgp;";
  return [
    "community GRACEFUL-SHUTDOWN members 65535:0;",
    ...hosts.map(({ name, prefixes }) =>
      statement(
        `host-${plainName(name)}-in`,
        ...(prefixes.length === 0 ? [] : [term("accounts", exactly(prefixes), [...leaving, "accept;"])]),
        refuse,
      ),
    ),
    // The way out, as long as there is one.
    statement("hosts-out", term("default", [ofBgp, ...isDefault], [...leaving, "accept;"]), refuse),
    statement(
      "routers-out",
      term("bgp", [ofBgp], [...leaving, "next-hop self;", "accept;"]),
      term("site", ["protocol direct;", ...exactly([infrastructure])], [...leaving, "next-hop self;", "accept;"]),
      refuse,
    ),
    ...operators.flatMap(({ name, gracefulShutdown: ofOperator }) => {
      const own = gracefulShutdown || ofOperator ? leave : [];
      const beyond = [...bogons, ...owned].map((prefix) => `route-filter ${plainPrefix6(prefix)} orlonger;`);
      return [
        statement(
          `operator-${plainName(name)}-in`,
          term("not-of-internet", ["family inet6;", ...beyond], ["reject;"]),
          term("is-left", ["community GRACEFUL-SHUTDOWN;"], ["local-preference 0;", "next term;"]),
          term("default", isDefault, [...own, "accept;"]),
          // After the default route, which no origin is checked of, as on the other systems.
          ...(roas.length === 0
            ? []
            : [
                term("wrong-origin", [ofBgp, "validation-database invalid;"], ["validation-state invalid;", "reject;"]),
              ]),
          term(
            "of-internet",
            [
              "family inet6;",
              `route-filter ${accepted.range} prefix-length-range /${accepted.shortest}-/${accepted.longest};`,
            ],
            [...own, "accept;"],
          ),
          refuse,
        ),
        statement(
          `operator-${name}-out`,
          term("owned", ["protocol static;", ...exactly(owned)], [...own, "accept;"]),
          refuse,
        ),
      ];
    }),
  ];
}
