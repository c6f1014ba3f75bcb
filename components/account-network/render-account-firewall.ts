import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plainAddress } from "../../lib/systemd/unit-file.ts";
import { filterLines } from "../firewall/account-rules.ts";
import { accountsFolder } from "../network/nftables/firewall-table.ts";
import { ownPortsSet } from "../network/nftables/open-ports.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import type { Renderer, WholeAccount } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { addressInside, boundOf, boundRule, linkPrefix } from "./links.ts";

export const renderer: Renderer<"services"> = {
  key: "services",
  ofElements: (account) => ({ files: renderAccountFirewall(account) }),
};

/**
 * What the firewall has for one account alone: elements of its maps, in a file that the firewall includes. An account without a port and
 * with the usual bounds has no file.
 */
export function renderAccountFirewall({
  account,
  address,
  own,
  opens,
}: Pick<WholeAccount, "account" | "address" | "own" | "opens">): BundleFile[] {
  const ports = own.services.flatMap(({ port }) => port ?? []);
  const some = opens.map((name) => `element inet fairhost ${ownPortsSet(name)} { ${plainAddress(address.address)} }`);
  const commands = [...portsOf(address, ports), ...some, ...boundsOf(account), ...rulesOf(account, address)];
  if (commands.length === 0) return [];
  const content = commands.map((command) => `add ${command}\n`).join("");
  return [{ path: `${accountsFolder}/${account.number}`, content }];
}

function portsOf({ prefix, address }: Hostless<"addresses">, ports: readonly number[]): string[] {
  // Most accounts have none: theirs is not worth checking addresses.
  if (ports.length === 0) return [];
  const [outside, inside] = [plainAddress(address), plainAddress(addressInside(prefix))];
  return ports.flatMap((port) => [
    `element inet fairhost services { ${outside} . ${Number(port)} : ${inside} }`,
    `element inet fairhost answers { ${inside} . ${Number(port)} : ${outside} }`,
  ]);
}

/** The limits that the firewall keeps. */
const bounded = limitNames.flatMap((name) => {
  const { bound } = limitOf(name);
  return bound === undefined ? [] : [{ name, bound, usual: boundOf(bound).usual }];
});

/** All bounds of an account, unless each is the usual one. */
function boundsOf({ number, limits }: Hostless<"accounts">): string[] {
  if (bounded.every(({ name, usual }) => limits[name] === usual)) return [];
  const chain = `account-${number}`;
  return [
    `chain inet fairhost ${chain}`,
    ...bounded.map(({ name, bound }) => `rule inet fairhost ${chain} ${boundRule(bound, Number(limits[name]))}`),
    `rule inet fairhost ${chain} accept`,
    `element inet fairhost bounds { "${linkPrefix}${number}" : goto ${chain} }`,
  ];
}

/** Chains with the account's own rules, one a direction that has any. What calls it has its address outside, or that in its network already. */
function rulesOf({ number, firewall }: Hostless<"accounts">, { prefix, address }: Hostless<"addresses">): string[] {
  if (firewall === undefined) return [];
  const inbound = [address, addressInside(prefix)].map(plainAddress);
  return (["in", "out"] as const).flatMap((direction) => {
    const lines = filterLines(firewall, direction);
    if (lines.length === 0) return [];
    const chain = `account-${number}-${direction}`;
    const keys = direction === "out" ? [`"${linkPrefix}${number}"`] : inbound;
    return [
      `chain inet fairhost ${chain}`,
      ...lines.map((line) => `rule inet fairhost account-${number}-${line}`),
      ...keys.map((key) => `element inet fairhost rules_${direction} { ${key} : jump ${chain} }`),
    ];
  });
}
