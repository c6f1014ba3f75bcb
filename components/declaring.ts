import { Address6 } from "ip-address";
import { once } from "../lib/once.ts";
import type { Fleet } from "./registry/files.generated.ts";

/** One element of a stack after its last run. */
export interface Held {
  /** Name of its kind. */
  readonly kind: string;
  /** Given by the kind's identity: an account's number, a range's prefix, the name of any other element. */
  readonly name: string;
  readonly protect: boolean;
}

type Item<List> = List extends readonly (infer Each)[] ? Each : never;
export type Site = Item<Fleet["sites"]>;
export type Host = Item<Fleet["hosts"]>;
export type Plan = Item<Fleet["plans"]>;
export type Account = Item<Fleet["accounts"]>;

/** Values that follow only from an account's number, its site and the fleet's first uid. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Login name on the host: `a<number>`. */
  readonly user: string;
  /** `account-<number>.slice` */
  readonly slice: string;
  /** `/srv/accounts/<number>` */
  readonly directory: string;
  /** The account's /64: its number stands in the bits after the site's prefix. Canonical (RFC 5952). */
  readonly prefix: string;
  /** `<prefix>::1`, canonical. */
  readonly address: string;
}

/** An account with its site, plan and identity. */
export interface AccountSource {
  readonly account: Account;
  readonly site: Site;
  readonly plan: Plan;
  readonly own: Identity;
}

/** Input for declaring kinds: a fleet, or the part of it in one cell's stack. */
export interface Declaring {
  readonly fleet: Fleet;
  /** Of this cell, by name. */
  readonly hosts: readonly Host[];
  /** Of these hosts, by number. */
  readonly accounts: readonly AccountSource[];
  /** All sites, by name. */
  readonly sites: ReadonlyMap<string, Site>;
}

/**
 * Uids of accounts, unless the fleet says otherwise. systemd's table of uids (UIDS-GIDS.md) leaves 1879048192 to 2147352575
 * free: above containers and foreign images, below its transient range, clear of every useradd(8) and of subordinate uids.
 */
export const defaultUidBase = 1_900_000_000;

/** The cell of hosts that name no cell. */
export const defaultCell = "main";

/** The cell of the routers of a fleet whose hosts are in several cells. No host can be in it. */
export const routersCell = "routers";

/** The cells of hosts, sorted. */
export function cellsOf(hosts: readonly { readonly cell: string }[]): string[] {
  return [...new Set(hosts.map(({ cell }) => cell))].sort();
}

/** Why a cell is none of these hosts', in words; undefined if it is one. */
export function unknownCell(hosts: readonly { readonly cell: string }[], cell: string | undefined): string | undefined {
  const cells = cellsOf(hosts);
  const known = cells.length > 1 ? [...cells, routersCell].sort() : cells;
  if (cell === undefined || known.includes(cell)) return undefined;
  return `no host is in cell "${cell}"; there ${known.length === 1 ? "is" : "are"} ${known.join(", ") || "none"}`;
}

/** Whether the stack of a cell delivers to routers: one that has all hosts, or that of {@link routersCell}. */
export function deliversToRouters(hosts: readonly { readonly cell: string }[], cell: string | undefined): boolean {
  if (cell === undefined) return true;
  const cells = cellsOf(hosts);
  return cell === (cells.length > 1 ? routersCell : cells[0]);
}

/** Ranges that Debian 13 does not use, apart from subordinate uids, which a host's bootstrap disables. */
export const freeUids = [
  { first: 65_536, last: 524_287 },
  { first: 1_879_048_192, last: 2_147_352_575 },
] as const;

/** Maximum number of bits of an account's number, whatever the site's prefix allows. */
const numberBits = 24;

/** The largest number an account may have. */
export const largestNumber = 2 ** numberBits - 1;

/** Lengths that a site's prefix may have: a /64 for each account, and at least 16 bits of numbers. */
export const sitePrefixLengths = { least: 64 - numberBits, most: 48 } as const;

/** The largest account number that fits between a site's prefix and a /64. */
export function largestNumberAt({ prefix }: Pick<Site, "prefix">): number {
  return 2 ** (64 - lengthOf(prefix)) - 1;
}

/** The first /64 of a site: subnet 0, its own infrastructure. Canonical. */
export function subnetZero({ prefix }: Pick<Site, "prefix">): string {
  return `${new Address6(prefix.replace(/\/\d+$/, "")).correctForm()}/64`;
}

function lengthOf(prefix: string): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1));
}

/**
 * Identity of an account: a pure function, so nothing is stored and no identity can change. The host is not part of it: a move to
 * another host of the site changes nothing here.
 * @param uidBase uid of account number 0, which no account has
 * @throws {RangeError} if the site's prefix is of another length than 40 to 48, or the number does not fit behind it
 */
export function identity(number: number, site: Pick<Site, "prefix">, uidBase: number): Identity {
  const length = lengthOf(site.prefix);
  if (!(length >= sitePrefixLengths.least && length <= sitePrefixLengths.most)) {
    throw new RangeError(
      `the site's prefix ${site.prefix} is not a /${sitePrefixLengths.least} to /${sitePrefixLengths.most}`,
    );
  }
  const most = largestNumberAt(site);
  if (!Number.isInteger(number) || number < 1 || number > most) {
    throw new RangeError(
      `account number ${number} is not a whole number from 1 to ${most}, as ${site.prefix} has room for`,
    );
  }
  const prefix = prefixOf(number, site);
  return {
    uid: uidBase + number,
    gid: uidBase + number,
    user: `a${number}`,
    slice: `account-${number}.slice`,
    directory: `/srv/accounts/${number}`,
    prefix: `${prefix}/64`,
    address: `${prefix}1`,
  };
}

/** The first four groups of a site's prefix, as numbers. */
const groupsOf = once(({ prefix }: Pick<Site, "prefix">) =>
  new Address6(prefix.slice(0, prefix.indexOf("/"))).parsedAddress
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16)),
);

/**
 * The network of a number, `2a00:b6e0:1:4b4::`. Put together here, because a library's numbers of 128 bits took two thirds of the time of
 * declaring a fleet: of eight groups the last four are zero, so the zeros that RFC 5952 shortens are always the last ones.
 */
function prefixOf(number: number, site: Pick<Site, "prefix">): string {
  const [first, second, third, fourth] = groupsOf(site) as [number, number, number, number];
  const groups = [first, second, third | (number >>> 16), fourth | (number & 0xffff)];
  while (groups.at(-1) === 0) groups.pop();
  return `${groups.map((group) => group.toString(16)).join(":")}::`;
}
