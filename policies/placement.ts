import { copyTimes } from "../components/account/standby-copy.ts";
import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  PlanInputs,
} from "../components/registry/kinds.generated.ts";

/** Cores, MiB of memory and GB of disk that are guaranteed to an account, or free on a host. */
export type Amount = Readonly<Record<"cores" | "memoryMb" | "diskGb", number>>;

/** An account and what is guaranteed to it. */
export type Piece = Amount & { readonly account: AccountContainerInputs; readonly takeover: boolean };

/** Where accounts go, and for which no host has room. */
interface Placement<Of extends Piece> {
  readonly placed: readonly { readonly piece: Of; readonly host: string }[];
  readonly homeless: readonly { readonly account: AccountContainerInputs; readonly reason: string }[];
}

export const units = [
  { key: "cores", unit: "cores" },
  { key: "memoryMb", unit: "MiB of memory" },
  { key: "diskGb", unit: "GB of disk" },
] as const;

/** What each account needs by its plan; accounts of an unknown plan are left out. */
export function needsOf(accounts: readonly AccountContainerInputs[], plans: readonly PlanInputs[]): Piece[] {
  const planOf = new Map(plans.map((plan) => [plan.name, plan]));
  return accounts.flatMap((account) => {
    const plan = planOf.get(account.plan);
    return plan === undefined ? [] : [{ account, takeover: plan.takeover, ...guaranteed(account, plan) }];
  });
}

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
  const most = (of: readonly Amount[], key: keyof Amount) => Math.max(0, ...of.map((room) => room[key]));
  const largest = { cores: most(free, "cores"), memoryMb: most(free, "memoryMb"), diskGb: most(free, "diskGb") };
  const share = (piece: Amount) => Math.max(...units.map(({ key }) => piece[key] / (largest[key] || 1)));
  const placed: { piece: Of; host: string }[] = [];
  const homeless: { account: AccountContainerInputs; reason: string }[] = [];
  const shares = new Map(accounts.map((piece) => [piece, share(piece)]));
  for (const piece of accounts.toSorted((a, b) => shares.get(b)! - shares.get(a)!)) {
    let target: (typeof free)[number] | undefined;
    for (const room of free) {
      if (room.name === piece.account.standby || !units.every(({ key }) => !exceeds(piece[key], room[key]))) continue;
      if (target === undefined || room.diskGb > target.diskGb) target = room;
    }
    if (target === undefined) {
      const allowed = free.filter(({ name }) => name !== piece.account.standby);
      const short = units.filter(({ key }) => exceeds(piece[key], most(allowed, key)));
      const words = (short.length > 0 ? short : units).map(
        ({ key, unit }) => `${round(piece[key])} ${unit}, but no host has more than ${round(most(allowed, key))} free`,
      );
      homeless.push({ account: piece.account, reason: `it is guaranteed ${words.join("; ")}` });
      continue;
    }
    for (const { key } of units) target[key] -= piece[key];
    placed.push({ piece, host: target.name });
  }
  return { placed, homeless };
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

function guaranteed({ limits }: AccountContainerInputs, plan: PlanInputs): Amount {
  return { ...plan.guaranteed, diskGb: limits.diskGb / plan.overcommit.disk };
}

/** What is left of a total without a part. */
export function minus(total: Amount, part: Amount): Amount {
  return {
    cores: total.cores - part.cores,
    memoryMb: total.memoryMb - part.memoryMb,
    diskGb: total.diskGb - part.diskGb,
  };
}
