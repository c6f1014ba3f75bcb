import type { ServerKind } from "../components/http/kinds/server.ts";
import { servers } from "../components/http/kinds/servers.generated.ts";
import { referenceSeconds } from "../components/http/kinds/wake.ts";
import { memoryOfStart } from "../components/http/program/start-memory.ts";
import { startSlots, turn } from "../components/http/program/start-slots.ts";
import type { AccountContainerInputs, Declaration } from "../components/registry/kinds.generated.ts";

/** What an account runs all the time, and what it takes to start it. */
export interface Awake {
  readonly account: AccountContainerInputs;
  /** HTTP servers with `idleSeconds: 0`, and services. */
  readonly programs: number;
  /** Those that wait for their turn. */
  readonly inTurn: number;
  readonly cpuSeconds: number;
  /** No more than the account may have. */
  readonly memoryMb: number;
}

/** What it takes until all of this is up. */
export interface Budget {
  readonly seconds: number;
  readonly memoryMb: number;
}

/** A service takes no part in the order of starts, and takes as much as an HTTP server with a program. */
const service: Pick<ServerKind, "wake" | "inTurn"> = { wake: servers.program.wake };

/** What runs all the time of each account, by its number. A suspended account runs nothing, nor does a kind of server that has no process. */
export function awakeOf({ accounts, httpServers, services }: Declaration): Map<number, Awake> {
  const always = [
    ...httpServers.flatMap(({ account, kind, idleSeconds }) =>
      idleSeconds === 0 ? [{ account, of: servers[kind] as ServerKind }] : [],
    ),
    ...services.map(({ account }) => ({ account, of: service })),
  ];
  const programs = Map.groupBy(always, ({ account }) => account);
  return new Map(
    accounts.flatMap((account) => {
      const own = account.suspended ? [] : (programs.get(account.number) ?? []);
      const wakes = own.flatMap(({ of: { wake, inTurn } }) => (wake === "front end" ? [] : { ...wake, inTurn }));
      if (wakes.length === 0) return [];
      const awake: Awake = {
        account,
        programs: wakes.length,
        inTurn: wakes.filter(({ inTurn }) => inTurn).length,
        cpuSeconds: referenceSeconds * total(wakes, ({ cpu }) => cpu),
        memoryMb: Math.min(
          account.limits.memoryMaxMb,
          total(wakes, ({ memoryMb }) => memoryMb),
        ),
      };
      return [[account.number, awake] as const];
    }),
  );
}

/**
 * An upper bound of the time in which all of this starts on a host that does nothing else, and of the memory that the host must have so that no start
 * waits for some. Whatever a program does, its start keeps a place for no longer than `longestSeconds`; so the last one waits while the places
 * of the host, or those of its account, are taken by others. Turns come one after another; the CPUs are shared by all that starts.
 * @param beside MiB that programs take which run already
 */
export function wakeBudget(cores: number, awake: readonly Awake[], totalMb: number, beside = 0): Budget {
  const { perCpu, parts, longestSeconds, reserve } = startSlots;
  const places = perCpu * cores;
  const inTurn = total(awake, (each) => each.inTurn);
  const ofOne = Math.max(0, ...awake.map((each) => each.inTurn));
  const rounds = (starts: number, at: number) => Math.floor(Math.max(0, starts - 1) / at);
  return {
    seconds:
      longestSeconds * (rounds(inTurn, places) + rounds(ofOne, places / parts)) +
      inTurn * turn.wall * referenceSeconds +
      total(awake, ({ cpuSeconds }) => cpuSeconds) / cores +
      slowest,
    memoryMb:
      beside +
      total(awake, ({ memoryMb }) => memoryMb) +
      (inTurn === 0 ? 0 : memoryOfStart * Math.min(inTurn, places) + totalMb / reserve),
  };
}

/** The last start may have one CPU alone. */
const slowest =
  referenceSeconds *
  Math.max(...Object.values(servers).map(({ wake }) => (wake === "front end" ? 0 : Math.max(wake.cpu, wake.wall))));

function total<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
