import type { Declaration } from "../components/registry/kinds.generated.ts";
import { exceeds, needsOf, placeLargestFirst, roomOn } from "./placement.ts";

/** Where the accounts of a lost host go. */
export interface Takeover {
  readonly moves: readonly {
    readonly number: number;
    readonly name: string;
    readonly host: string;
    /** Set if `host` is its standby: the host that becomes its standby, which is the lost one. */
    readonly standby?: string;
  }[];
  /** Spare hosts that get accounts: their role becomes `accounts`. */
  readonly spares: readonly string[];
  /** Accounts for which the other hosts have no room, and why. */
  readonly homeless: readonly { readonly number: number; readonly name: string; readonly reason: string }[];
}

/**
 * Chooses new hosts for all accounts of a lost host. An account with a standby goes to it, which has a copy of its backups, and the two hosts change places; the room
 * for it is kept there (`capacity-after-host-loss`). All others, and those whose standby is lost, gets no account or has no room, go to hosts of the same site and cell:
 * there an account keeps its prefix, its backup site and its independence from its standby. Of these, accounts for which the plan keeps room (`takeover`, without a standby) choose first, the others from what is left.
 * @param without hosts that get no account, because they are lost too or about to be
 */
export function planTakeover(
  { hosts, accounts, plans }: Declaration,
  lost: string,
  without: readonly string[] = [],
): Takeover {
  const { site, cell } = hosts.find(({ name }) => name === lost)!;
  const pieces = needsOf(accounts, plans);
  const room = roomOn(hosts, pieces);
  const roles = new Map(hosts.map(({ name, role }) => [name, role]));
  const others = hosts
    .filter(
      (host) =>
        host.site === site &&
        host.cell === cell &&
        host.role !== "backup" &&
        host.lost === undefined &&
        ![lost, ...without].includes(host.name),
    )
    .map(({ name }) => ({ name, ...room.get(name)! }));
  const ready = new Map<string, { cores: number; memoryMb: number }>(
    hosts.flatMap(({ name, role, lost: isLost }) => {
      const takes = role === "accounts" && isLost === undefined && ![lost, ...without].includes(name);
      return takes ? [[name, { ...room.get(name)! }] as const] : [];
    }),
  );
  const warm = pieces.filter((piece) => {
    const left = piece.account.host === lost ? ready.get(piece.account.standby ?? "") : undefined;
    // Disk is there already: its copy has it.
    if (!left || exceeds(piece.cores, left.cores) || exceeds(piece.memoryMb, left.memoryMb)) return false;
    left.cores -= piece.cores;
    left.memoryMb -= piece.memoryMb;
    return true;
  });
  const all = pieces.filter((piece) => piece.account.host === lost && !warm.includes(piece));
  const isPromised = ({ takeover, account }: (typeof all)[number]) => takeover && account.standby === undefined;
  const first = placeLargestFirst(all.filter(isPromised), others);
  const taken = Map.groupBy(first.placed, ({ host }) => host);
  const left = others.map((host) =>
    (taken.get(host.name) ?? []).reduce(
      ({ name, cores, memoryMb, diskGb }, { piece }) => ({
        name,
        cores: cores - piece.cores,
        memoryMb: memoryMb - piece.memoryMb,
        diskGb: diskGb - piece.diskGb,
      }),
      host,
    ),
  );
  const second = placeLargestFirst(
    all.filter((piece) => !isPromised(piece)),
    left,
  );
  const placed = [...first.placed, ...second.placed];
  return {
    moves: [
      ...warm.map(({ account: { number, name, standby } }) => ({ number, name, host: standby!, standby: lost })),
      ...placed.map(({ piece: { account }, host }) => ({ number: account.number, name: account.name, host })),
    ].sort((a, b) => a.number - b.number),
    spares: [...new Set(placed.map(({ host }) => host))].filter((host) => roles.get(host) === "spare").sort(),
    homeless: [...first.homeless, ...second.homeless].map(({ account: { number, name }, reason }) => ({
      number,
      name,
      reason,
    })),
  };
}
