import { Address4, Address6 } from "ip-address";
import { z } from "zod";
import { text } from "../inputs.ts";
import { trust } from "../registry/fields/field-class.ts";
import type { Immutable } from "../registry/kind.ts";
import { address4Schema, address6Schema, format, prefix4Schema, prefix6Schema } from "../schema.ts";

/** Most rules of one host or account, and most hosts or ports of one rule: the kernel looks at one after the other. */
const most = 100;
const largestPort = 65_535;

/** An address or a range of either IP version. */
export const hostsSchema = format("an IP address or a range with zero host bits, such as 2001:db8::/48", (says) =>
  z.union([address6Schema, prefix6Schema, address4Schema, prefix4Schema], says),
);

const portSchema = format("a port such as 443 or a range such as 8000-8100", (says) =>
  z.union([
    z.int(says).min(1, says).max(largestPort, says),
    z.string().refine((range) => {
      const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(range) ?? [];
      return first !== undefined && Number(first) >= 1 && Number(first) <= Number(last) && Number(last) <= largestPort;
    }, says),
  ]),
);

const rule = z
  .strictObject({
    action: z
      .enum(["accept", "drop", "reject"])
      .describe(
        "What happens to what the rule is about. `accept`: it is let through; `drop`: it is lost, and the sender waits; `reject`: the sender is told at once.",
      ),
    direction: z
      .enum(["in", "out"])
      .describe(
        "`in`: connections from outside; `out`: connections from here. Answers to allowed connections need no rule.",
      ),
    protocol: z
      .enum(["all", "tcp", "udp", "icmp"])
      .default("all")
      .describe(
        "Protocol; `icmp` is that of both IP versions, without the errors and neighbours that IP itself needs. Default `all`.",
      ),
    hosts: z
      .array(hostsSchema)
      .min(1)
      .max(most)
      .optional()
      .describe("Addresses and ranges of the other side. Default: all."),
    ports: z
      .array(portSchema)
      .min(1)
      .max(most)
      .optional()
      .describe("Ports that are called, with `tcp` or `udp`. Default: all."),
    ip: z.literal([4, 6]).optional().describe("IP version. Default: both, or that of `hosts`."),
  })
  .superRefine(({ protocol, ports, hosts, ip }, context) => {
    if (ports !== undefined && protocol !== "tcp" && protocol !== "udp")
      context.addIssue({ code: "custom", path: ["ports"], message: "needs `protocol: tcp` or `protocol: udp`" });
    for (const [index, host] of (hosts ?? []).entries()) {
      if (ip !== undefined && familyOf(host) !== ip)
        context.addIssue({ code: "custom", path: ["hosts", index], message: `must be IPv${ip}, as \`ip\` says` });
    }
  });
type RuleEntry = Immutable<z.output<typeof rule>>;

/** `firewall` in a host's file. */
export const hostFirewallSchema = z
  .array(rule)
  .max(most)
  .optional()
  .describe(
    "Rules of the host's firewall, for the host and all its accounts; the first that matches decides. What the platform needs comes before them: SSH of the controllers, BGP, answers, protection against false addresses. What none matches is as without rules. `accept` with `in` opens a port of the host's own addresses, never of an account's. Default: none.",
  );

/** Ports of the front end, which answers for all accounts on the addresses of all. */
const frontEndPorts = [80, 443];

/** `firewall` in an account's file. */
export const accountFirewallSchema = z
  .array(
    rule.superRefine((each, context) => {
      const wrong = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
      if (each.direction !== "in") return;
      if (each.protocol === "udp" || each.protocol === "icmp")
        wrong(["protocol"], "must be `tcp` or `all` with `direction: in`: an account is reached by TCP alone");
      if (each.ip === 4) wrong(["ip"], "must be 6 with `direction: in`: an account is reached over IPv6 alone");
      for (const [index, host] of (each.hosts ?? []).entries()) {
        if (familyOf(host) === 4)
          wrong(["hosts", index], "must be IPv6 with `direction: in`: an account is reached over IPv6 alone");
      }
      for (const [index, port] of (each.ports ?? []).entries()) {
        const [first, last] = rangeOf(port);
        if (frontEndPorts.some((own) => own >= first && own <= last))
          wrong(
            ["ports", index],
            "must be without 80 and 443: web sites are reached at addresses of the front end too, use `passwords`",
          );
      }
    }),
  )
  .max(most)
  .optional()
  .describe(
    "Rules of the account's own firewall, in its own network; the first that matches decides. `in` is about its services, SSH and FTPS, not about web sites; it opens nothing that is not declared. `out` is about all that its programs call, apart from the resolver; what none matches is as without rules. Default: none.",
  );

/** One rule as a firewall is made from it. */
export interface FirewallRule {
  readonly action: RuleEntry["action"];
  readonly direction: RuleEntry["direction"];
  readonly protocol: RuleEntry["protocol"];
  /** Ports that are called; empty: all. */
  readonly ports: readonly (readonly [first: number, last: number])[];
  /** Addresses and ranges of the other side, canonical; empty: all. */
  readonly hosts: readonly string[];
  readonly ip?: 4 | 6;
}

/** What a host or an account declares: each rule as a line of text, so that a diff of a list shows rules and their order. */
export const firewallInputs = trust(z.array(text), { means: "what its firewall lets through" });

/** The declared form of the rules of a file; nothing if there are none. */
export function declaredFirewall(rules: readonly RuleEntry[] | undefined): { firewall?: string[] } {
  return rules === undefined || rules.length === 0 ? {} : { firewall: rules.map((each) => ruleText(ruleOf(each))) };
}

function ruleOf({ action, direction, protocol, ports = [], hosts = [], ip }: RuleEntry): FirewallRule {
  return {
    action,
    direction,
    protocol,
    ports: ports.map(rangeOf),
    hosts: canonicalHosts(hosts),
    ...(ip !== undefined && { ip }),
  };
}

/** Addresses and ranges of both IP versions in their canonical form (RFC 5952). */
export function canonicalHosts(hosts: readonly string[]): string[] {
  return hosts.map((host) => {
    const [address, length] = host.split("/") as [string, string?];
    const own = familyOf(host) === 6 ? new Address6(address).correctForm() : address;
    return length === undefined ? own : `${own}/${length}`;
  });
}

/** `accept in tcp port 9100,9200-9300 from 2001:db8::/48 over IPv6` */
export function ruleText({ action, direction, protocol, ports, hosts, ip }: FirewallRule): string {
  return [
    `${action} ${direction} ${protocol}`,
    ...(ports.length > 0 ? [`port ${ports.map(rangeText).join(",")}`] : []),
    ...(hosts.length > 0 ? [`${direction === "in" ? "from" : "to"} ${hosts.join(",")}`] : []),
    ...(ip === undefined ? [] : [`over IPv${ip}`]),
  ].join(" ");
}

const form =
  /^(?<action>accept|drop|reject) (?<direction>in|out) (?<protocol>all|tcp|udp|icmp)(?: port (?<ports>[\d,-]+))?(?: (?:from|to) (?<hosts>[0-9a-f.:/,]+))?(?: over IPv(?<ip>[46]))?$/;

/**
 * Reads a rule of {@link ruleText}.
 * @throws {RangeError} for any other text, as every renderer does
 */
export function readRule(declared: string): FirewallRule {
  const { action, direction, protocol, ports, hosts, ip } = form.exec(declared)?.groups ?? {};
  const read = {
    action,
    direction,
    protocol,
    ports: ports?.split(",").map(rangeOf) ?? [],
    hosts: hosts?.split(",") ?? [],
    ...(ip !== undefined && { ip: Number(ip) }),
  } as FirewallRule;
  const isAddress = (host: string) => (familyOf(host) === 6 ? Address6 : Address4).isValid(host);
  if (action === undefined || !read.hosts.every(isAddress) || ruleText(read) !== declared)
    throw new RangeError(`${JSON.stringify(declared)} is not a rule of a firewall`);
  return read;
}

/** IP version of an address or range. */
export function familyOf(host: string): 4 | 6 {
  return host.includes(":") ? 6 : 4;
}

function rangeOf(port: number | string): readonly [first: number, last: number] {
  const [first, last = first] = String(port).split("-").map(Number) as [number, number?];
  return [first, last];
}

/** A range of ports in nft syntax. */
export function rangeText([first, last]: readonly [first: number, last: number]): string {
  return first === last ? `${first}` : `${first}-${last}`;
}
