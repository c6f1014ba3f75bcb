import type { Declaration } from "../components/registry/kinds.generated.ts";
import { once } from "../lib/once.ts";

/** What an account has of its host. Memory in MiB, disk in GB, IO in per cent of what the disks can do if their scheduler is BFQ (decision 95). */
export interface Forecast {
  readonly host: string;
  readonly account: number;
  /** When all accounts of the host want all that they may have: cores and IO by weight, memory and disk by limit. */
  readonly guaranteed: Amounts;
  /** When no other account wants anything. */
  readonly burst: Amounts;
}

/** Amounts of an account, each for itself. */
export interface Amounts {
  readonly cores: number;
  readonly ioPercent: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

/**
 * Fair-share forecast: what each account has of its host, by number. The kernel shares cores by weight, and IO too where the scheduler is BFQ; memory and disk that are
 * promised more than once are shared here in proportion to the limits, since whoever comes first may have up to its own. What the host
 * needs for itself is not taken off. Linear in the declaration's size; computed once for each.
 */
export const fairShares = once(({ hosts, accounts }: Declaration): ReadonlyMap<number, Forecast> => {
  const capacities = new Map(hosts.map(({ name, capacity }) => [name, capacity]));
  const shares = new Map<number, Forecast>();
  for (const [host, own] of Map.groupBy(accounts, (account) => account.host)) {
    const capacity = capacities.get(host) ?? { cores: 0, memoryMb: 0, diskGb: 0 };
    const total = (limit: "cpuWeight" | "ioWeight" | "memoryMaxMb" | "diskGb") =>
      own.reduce((sum, { limits }) => sum + limits[limit], 0);
    const [cpu, io, memory, disk] = [total("cpuWeight"), total("ioWeight"), total("memoryMaxMb"), total("diskGb")];
    // Accounts without limits of their own have those of their plan.
    const shareOf = once((limits: (typeof own)[number]["limits"]) => ({
      guaranteed: {
        cores: (capacity.cores * limits.cpuWeight) / cpu,
        ioPercent: (100 * limits.ioWeight) / io,
        memoryMb: limits.memoryMaxMb * Math.min(1, capacity.memoryMb / memory),
        diskGb: limits.diskGb * Math.min(1, capacity.diskGb / disk),
      },
      burst: {
        cores: capacity.cores,
        ioPercent: 100,
        memoryMb: Math.min(limits.memoryMaxMb, capacity.memoryMb),
        diskGb: Math.min(limits.diskGb, capacity.diskGb),
      },
    }));
    for (const { number, limits } of own) shares.set(number, { host, account: number, ...shareOf(limits) });
  }
  return shares;
});
