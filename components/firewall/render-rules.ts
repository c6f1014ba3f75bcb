import { within4, within6 } from "../../lib/ranges.ts";
import { mergeRanges } from "../network/nftables/open-ports.ts";
import { type FirewallRule, familyOf, rangeText, readRule } from "./rule.ts";

const protocols = {
  all: "",
  tcp: "meta l4proto tcp",
  udp: "meta l4proto udp",
  icmp: "meta l4proto { icmp, icmpv6 }",
} as const satisfies Readonly<Record<FirewallRule["protocol"], string>>;

/**
 * Rules of one direction as those of an nft chain that others jump to, in their order: of one for both IP versions two.
 * @param declared rules in their declared form
 * @param accept what follows for what a rule accepts. `return`: back to the rules of the platform, which decide as without the chain.
 */
export function chainRules(
  declared: readonly string[],
  direction: FirewallRule["direction"],
  accept: "return" | `goto ${string}` = "return",
): string[] {
  const verdicts = { accept, drop: "counter drop", reject: "counter goto refuse" };
  return declared
    .map(readRule)
    .filter((rule) => rule.direction === direction)
    .flatMap((rule) => matchesOf(rule).map((match) => `${match} ${verdicts[rule.action]}`.trim()));
}

/** Ports of TCP that rules open on the host itself. */
export function acceptedPorts(declared: readonly string[]): FirewallRule["ports"] {
  return declared
    .map(readRule)
    .flatMap(({ action, direction, protocol, ports }) =>
      action === "accept" && direction === "in" && protocol === "tcp" ? ports : [],
    );
}

/** What a rule is about, in nft syntax: one match for each IP version, or one for both. */
function matchesOf({ direction, protocol, ports, hosts, ip }: FirewallRule): string[] {
  const called =
    ports.length > 0 ? `${protocol} dport { ${mergeRanges(ports).map(rangeText).join(", ")} }` : protocols[protocol];
  if (hosts.length === 0) return [`${ip === undefined ? "" : `meta nfproto ipv${ip} `}${called}`];
  const side = direction === "in" ? "saddr" : "daddr";
  const families = [
    [6, "ip6", within6],
    [4, "ip", within4],
  ] as const;
  return families.flatMap(([family, word, within]) => {
    const all = [...new Set(hosts.filter((host) => familyOf(host) === family))];
    // nft refuses ranges in one set that overlap; of addresses, one is then inside the other.
    const apart = all.filter(
      (host) => !all.some((other) => other !== host && within(host, other) && !within(other, host)),
    );
    return apart.length === 0 ? [] : [`${word} ${side} { ${apart.join(", ")} } ${called}`];
  });
}
