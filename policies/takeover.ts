import type { BareMetalHostInputs, Declaration } from "../components/registry/kinds.generated.ts";
import { type Amount, exceeds, minus, needsOf, type Piece, placeLargestFirst, roomOn } from "./placement.ts";

/** Where the accounts of lost hosts go. */
export interface Takeover {
  readonly moves: readonly {
    readonly number: number;
    readonly name: string;
    readonly host: string;
    /** Set if `host` is its standby, or at the same site: the host that becomes its standby, which is the lost one. */
    readonly standby?: string;
    /** Whether `host` is at another site, and not its standby: the account gets other addresses. */
    readonly elsewhere?: boolean;
  }[];
  /** Spare hosts that get accounts: their role becomes `accounts`. */
  readonly spares: readonly string[];
  /** Accounts for which the other hosts have no room, and why. */
  readonly homeless: readonly { readonly number: number; readonly name: string; readonly reason: string }[];
}

/** Accounts of these hosts have the same choice. */
const placeOf = ({ site, cell }: BareMetalHostInputs) => `${site} ${cell}`;

interface Choice {
  /** Hosts that get no account, because they are lost too or about to be. */
  readonly without?: readonly string[];
  /** Accounts without a place at their site may go to other sites with the same backup site: there they get other addresses. */
  readonly elsewhere?: boolean;
}

/**
 * Chooses new hosts for all accounts of lost hosts. An account with a standby goes to it, which has a copy of its backups, and the two hosts change places; the room
 * for it is kept there (`capacity-after-host-loss`). All others, and those whose standby is lost, gets no account or has no room, go to hosts of the same site and cell:
 * there an account keeps its prefix, its backup site and its independence from its standby. Of these, accounts for which the plan keeps room (`takeover`, without a standby) choose first, the others from what is left.
 * @param lost names of hosts
 */
export function planTakeover(
  { hosts, accounts, plans, sites }: Declaration,
  lost: readonly string[],
  { without = [], elsewhere = false }: Choice = {},
): Takeover {
  const pieces = needsOf(accounts, plans);
  const room = roomOn(hosts, pieces);
  const hostOf = new Map(hosts.map((host) => [host.name, host]));
  const siteOf = (name: string) => hostOf.get(name)?.site;
  const backupSiteOf = new Map(sites.map(({ name, backupSite }) => [name, backupSite]));
  const take = (name: string, piece: Amount) => room.set(name, minus(room.get(name)!, piece));
  const takers = hosts.filter(
    ({ name, role, lost: isLost }) =>
      role !== "backup" && isLost === undefined && !lost.includes(name) && !without.includes(name),
  );
  const all = pieces.filter(({ account }) => lost.includes(account.host));
  const ready = new Set(takers.flatMap(({ name, role }) => (role === "accounts" ? name : [])));
  const warm = all.filter((piece) => {
    const standby = piece.account.standby ?? "";
    const left = ready.has(standby) ? room.get(standby)! : undefined;
    // Disk is there already: its copy has it.
    if (!left || exceeds(piece.cores, left.cores) || exceeds(piece.memoryMb, left.memoryMb)) return false;
    take(standby, { ...piece, diskGb: 0 });
    return true;
  });
  const placed: { piece: Piece; host: string }[] = [];
  /** @returns those without a place at the hosts that are `near` to the one that is lost */
  const place = (some: readonly Piece[], near: (host: BareMetalHostInputs, lost: BareMetalHostInputs) => boolean) =>
    [...Map.groupBy(some, ({ account }) => placeOf(hostOf.get(account.host)!)).values()].flatMap((group) => {
      const from = hostOf.get(group[0]!.account.host)!;
      const rooms = takers.filter((host) => near(host, from)).map(({ name }) => ({ ...room.get(name)!, name }));
      const { placed: there, homeless } = placeLargestFirst(group, rooms);
      for (const { piece, host } of there) take(host, piece);
      placed.push(...there);
      return homeless;
    });
  const cold = all.filter((piece) => !warm.includes(piece));
  const isPromised = ({ takeover, account }: Piece) => takeover && account.standby === undefined;
  const promisedFirst = (near: Parameters<typeof place>[1], some: readonly Piece[]) => [
    ...place(some.filter(isPromised), near),
    ...place(
      some.filter((piece) => !isPromised(piece)),
      near,
    ),
  ];
  let homeless = promisedFirst((host, from) => placeOf(host) === placeOf(from), cold);
  if (elsewhere) {
    const left = new Set(homeless.map(({ account }) => account));
    homeless = promisedFirst(
      ({ site, cell }, from) =>
        site !== from.site && cell === from.cell && backupSiteOf.get(site) === backupSiteOf.get(from.site),
      cold.filter(({ account }) => left.has(account)),
    );
  }
  return {
    moves: [
      ...warm.map(({ account: { number, name, host: from, standby } }) => ({
        ...{ number, name, host: standby!, standby: from },
      })),
      ...placed.map(({ piece: { account }, host }) => {
        const { number, name, host: from, standby } = account;
        const isElsewhere = siteOf(host) !== siteOf(from);
        // An account and its standby are at two sites.
        const exchanged = isElsewhere && standby !== undefined && siteOf(standby) === siteOf(host);
        return {
          ...{ number, name, host },
          ...(exchanged && { standby: from }),
          ...(isElsewhere && { elsewhere: true }),
        };
      }),
    ].sort((a, b) => a.number - b.number),
    spares: [...new Set(placed.map(({ host }) => host))].filter((host) => hostOf.get(host)!.role === "spare").sort(),
    homeless: homeless
      .map(({ account: { number, name }, reason }) => ({ number, name, reason: reason() }))
      .sort((a, b) => a.number - b.number),
  };
}
