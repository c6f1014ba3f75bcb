import { copyTimes } from "../components/account/standby-copy.ts";
import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  PlanInputs,
} from "../components/registry/kinds.generated.ts";
import { once } from "../lib/once.ts";

/** Cores, MiB of memory and GB of disk that are guaranteed to an account, or free on a host. */
export type Amount = Readonly<Record<"cores" | "memoryMb" | "diskGb", number>>;

/** An account and what is guaranteed to it. */
export type Piece = Amount & { readonly account: AccountContainerInputs; readonly takeover: boolean };

/** Where accounts go, and for which no host has room. */
interface Placement<Of extends Piece> {
  readonly placed: readonly { readonly piece: Of; readonly host: string }[];
  readonly homeless: readonly { readonly account: AccountContainerInputs; reason(): string }[];
}

export const units = [
  { key: "cores", unit: "cores" },
  { key: "memoryMb", unit: "MiB of memory" },
  { key: "diskGb", unit: "GB of disk" },
] as const;

/** What each account needs by its plan; accounts of an unknown plan are left out. Computed once for each list of accounts and of plans. */
export function needsOf(accounts: readonly AccountContainerInputs[], plans: readonly PlanInputs[]): readonly Piece[] {
  return needs(accounts)(plans);
}

const needs = once((accounts: readonly AccountContainerInputs[]) =>
  once((plans: readonly PlanInputs[]): readonly Piece[] => {
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const pieces: Piece[] = [];
    for (const account of accounts) {
      const plan = planOf.get(account.plan);
      if (plan === undefined) continue;
      const { cores, memoryMb } = plan.guaranteed;
      const diskGb = account.limits.diskGb / plan.overcommit.disk;
      pieces.push({ account, takeover: plan.takeover, cores, memoryMb, diskGb });
    }
    return pieces;
  }),
);

/** What is free on each host, by name, beside its accounts and the copies for which it is the standby. */
export function roomOn(hosts: readonly BareMetalHostInputs[], pieces: readonly Piece[]): Map<string, Amount> {
  const onHost = Map.groupBy(pieces, ({ account }) => account.host);
  const copiesOn = Map.groupBy(pieces, ({ account }) => account.standby);
  return new Map(
    hosts.map((host) => {
      // Copies occupy disk at all times, cores and memory only when they take over.
      const copied = { cores: 0, memoryMb: 0, diskGb: copyTimes * sum(copiesOn.get(host.name) ?? []).diskGb };
      return [host.name, minus(minus(host.capacity, sum(onHost.get(host.name) ?? [])), copied)];
    }),
  );
}

/** Places accounts on hosts, the largest first, each where most disk is free, but not on its own standby. */
export function placeLargestFirst<Of extends Piece>(
  accounts: readonly Of[],
  rooms: readonly (Amount & { readonly name: string })[],
): Placement<Of> {
  const free = rooms.map(({ name, cores, memoryMb, diskGb }) => ({ name, cores, memoryMb, diskGb }));
  const largest = { cores: most(free, "cores"), memoryMb: most(free, "memoryMb"), diskGb: most(free, "diskGb") };
  const share = ({ cores, memoryMb, diskGb }: Amount) =>
    Math.max(cores / (largest.cores || 1), memoryMb / (largest.memoryMb || 1), diskGb / (largest.diskGb || 1));
  const placed: { piece: Of; host: string }[] = [];
  const homeless: { account: AccountContainerInputs; reason(): string }[] = [];
  const shares = accounts.map((piece) => ({ piece, share: share(piece) }));
  /** What is free, until some of it is taken. */
  let left: typeof free | undefined;
  for (const { piece } of shares.sort((a, b) => b.share - a.share)) {
    let target: (typeof free)[number] | undefined;
    for (const room of free) {
      if (room.name === piece.account.standby || !fits(piece, room)) continue;
      if (target === undefined || room.diskGb > target.diskGb) target = room;
    }
    if (target === undefined) {
      // There may be thousands, of which one is told.
      left ??= free.map((room) => ({ ...room }));
      const rooms = left;
      homeless.push({ account: piece.account, reason: () => `it is guaranteed ${lacking(piece, rooms)}` });
      continue;
    }
    for (const { key } of units) target[key] -= piece[key];
    left = undefined;
    placed.push({ piece, host: target.name });
  }
  return { placed, homeless };
}

const most = (of: readonly Amount[], key: keyof Amount) => Math.max(0, ...of.map((room) => room[key]));

function fits(piece: Amount, room: Amount): boolean {
  return !(
    exceeds(piece.cores, room.cores) ||
    exceeds(piece.memoryMb, room.memoryMb) ||
    exceeds(piece.diskGb, room.diskGb)
  );
}

/** What an account needs of which no host has enough, in words. */
function lacking(piece: Piece, rooms: readonly (Amount & { readonly name: string })[]): string {
  const allowed = rooms.filter(({ name }) => name !== piece.account.standby);
  const short = units.filter(({ key }) => exceeds(piece[key], most(allowed, key)));
  const words = (short.length > 0 ? short : units).map(
    ({ key, unit }) => `${round(piece[key])} ${unit}, but no host has more than ${round(most(allowed, key))} free`,
  );
  return words.join("; ");
}

/** With room for rounding errors of sums. */
export function exceeds(needed: number, there: number): boolean {
  return needed > there + 1e-9 * Math.max(1, Math.abs(there));
}

export function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (total, { cores, memoryMb, diskGb }) => ({
      cores: total.cores + cores,
      memoryMb: total.memoryMb + memoryMb,
      diskGb: total.diskGb + diskGb,
    }),
    { cores: 0, memoryMb: 0, diskGb: 0 },
  );
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What is left of a total without a part. */
export function minus(total: Amount, part: Amount): Amount {
  return {
    cores: total.cores - part.cores,
    memoryMb: total.memoryMb - part.memoryMb,
    diskGb: total.diskGb - part.diskGb,
  };
}
