import { Address4, Address6 } from "ip-address";
import { largestNumberAt } from "../components/declaring.ts";
import type { AddressRangeInputs, Declaration } from "../components/registry/kinds.generated.ts";
import { sortBy } from "../lib/lists.ts";

/** One line of the address plan. Properties that do not apply to its kind are left out. HTTP servers have no address of their own. */
export interface PlannedAddress {
  /** What it is: `owned` range, `free` part of an owned range, or what has the range or address: `host`, `account`. */
  readonly kind: string;
  /** Name of the site, router or host, number of the account, `<account>/<name>` of what is an account's. */
  readonly name?: string;
  readonly site?: string;
  readonly host?: string;
  /** The range in CIDR notation. */
  readonly prefix?: string;
  readonly address?: string;
  /** Site's IPv4 range: addresses that no front end uses. Site's IPv6 range: account numbers never used. */
  readonly free?: number;
}

const columns = ["kind", "name", "site", "host", "prefix", "address", "free"] as const;

/**
 * Who has which range and address, and what is free. Pure. Owned ranges first, each with what is free of it in the largest
 * blocks; then sites, routers, hosts with their management controllers and front ends, accounts.
 */
export function addressPlan(declaration: Declaration): PlannedAddress[] {
  const { ranges, sites, routers, hosts, frontEnds, accounts, addresses } = declaration;
  const addressOf = new Map(addresses.map((address) => [address.account, address]));
  const frontEndOf = new Map(frontEnds.map((frontEnd) => [frontEnd.host, frontEnd]));
  const taken = new Set([
    ...accounts.map(({ number }) => number),
    ...declaration.registers.flatMap((r) => r.tombstones),
  ]);
  const addresses4 = frontEnds.flatMap(({ address4 }) => address4 ?? []);
  return [
    ...ranges
      .filter(({ within }) => within === undefined)
      .flatMap(({ prefix, site }): PlannedAddress[] => [
        { kind: "owned", prefix },
        // A site may have all of it.
        ...(site === undefined ? freeParts(prefix, ranges) : []).map((part) => ({
          kind: "free" as const,
          prefix: part,
        })),
      ]),
    ...sortBy(sites, ({ name }) => name).flatMap(({ name, prefix, prefix4 }): PlannedAddress[] => [
      { kind: "site", name, site: name, prefix, free: largestNumberAt({ prefix }) - taken.size },
      ...(prefix4 === undefined
        ? []
        : [{ kind: "site" as const, name, site: name, prefix: prefix4, free: freeAddresses4(prefix4, addresses4) }]),
    ]),
    ...sortBy(routers, ({ name }) => name).map(({ name, site, address }): PlannedAddress => {
      return { kind: "router", name, site, address };
    }),
    ...sortBy(hosts, ({ name }) => name).flatMap(({ name, site, address, managementAddress }): PlannedAddress[] => {
      const address4 = frontEndOf.get(name)?.address4;
      return [
        { kind: "host", name, site, host: name, address },
        { kind: "management", name, site, host: name, address: managementAddress },
        ...(address4 === undefined ? [] : [{ kind: "front end" as const, name, site, host: name, address: address4 }]),
      ];
    }),
    ...sortBy(accounts, ({ number }) => number).map(({ number, host }): PlannedAddress => {
      const { site, prefix, address } = addressOf.get(number) ?? {};
      const at = { ...(site !== undefined && { site }), host };
      const own = { ...(prefix !== undefined && { prefix }), ...(address !== undefined && { address }) };
      return { kind: "account", name: String(number), ...at, ...own };
    }),
  ];
}

interface Block {
  readonly first: bigint;
  readonly length: number;
}

/** The largest blocks of an owned range that no site uses. */
function freeParts(owned: string, ranges: readonly AddressRangeInputs[]): string[] {
  const bits = owned.includes(":") ? 128 : 32;
  const used = ranges.filter(({ within }) => within === owned).map(({ prefix }) => block(prefix));
  const last = ({ first, length }: Block): bigint => first + (1n << BigInt(bits - length)) - 1n;
  const free = (part: Block): Block[] => {
    const inside = used.filter((range) => range.first <= last(part) && last(range) >= part.first);
    if (inside.length === 0) return [part];
    if (inside.some(({ length }) => length <= part.length)) return [];
    const length = part.length + 1;
    const half = { first: part.first, length };
    return [...free(half), ...free({ first: last(half) + 1n, length })];
  };
  return free(block(owned)).map(({ first, length }) => {
    return `${(bits === 128 ? Address6 : Address4).fromBigInt(first).correctForm()}/${length}`;
  });
}

function block(prefix: string): Block {
  const [address, length] = prefix.split("/") as [string, string];
  return { first: new (prefix.includes(":") ? Address6 : Address4)(address).bigInt(), length: Number(length) };
}

/** Number of addresses of an IPv4 range that no front end uses. */
function freeAddresses4(range: string, used: readonly string[]): number {
  const outer = new Address4(range);
  return 2 ** (32 - block(range).length) - used.filter((address) => new Address4(address).isInSubnet(outer)).length;
}

/** CSV according to RFC 4180: a header, lines that end in CR LF, fields with a comma, quote or line break in quotes. */
export function csv(plan: readonly PlannedAddress[]): string {
  const field = (value: string | number = ""): string => {
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...plan.map((line) => columns.map((column) => line[column]))]
    .map((line) => `${line.map(field).join(",")}\r\n`)
    .join("");
}

/** Table for a terminal, as narrow as possible: a line of an ordinary fleet fits into 80 columns. Names and addresses are ASCII. */
export function table(plan: readonly PlannedAddress[]): string {
  const head = ["kind", "name", "site", "host", "address"];
  const rows = plan.map((line) => [line.kind, line.name ?? "", line.site ?? "", line.host ?? "", addressWords(line)]);
  const widths = [head, ...rows].reduce(
    (widest, row) => widest.map((width, column) => Math.max(width, row[column]!.length)),
    head.map(() => 0),
  );
  return [head, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** `2001:db8:0:1::1/64` of an account, `2001:db8::/40 16777215 free` of a site. */
function addressWords({ prefix, address, free }: PlannedAddress): string {
  const length = prefix?.split("/")[1];
  const words = address === undefined ? (prefix ?? "") : length === undefined ? address : `${address}/${length}`;
  return free === undefined ? words : `${words} ${free} free`;
}
