import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { identify } from "../../../toolchain/system/processes.ts";
import { type Engine, type EngineOptions, type EngineRun, runEngine } from "../../engine/engine.ts";
import { LockedError } from "./lock.ts";
import type { Life } from "./owner.ts";

/** An engine's lock on a stack's state, as the engine's message shows it. */
export interface EngineLock {
  readonly path: string;
  readonly user: string;
  readonly hostname: string;
  readonly pid: number;
  readonly since: string;
}

/** Locks in an engine's message; none if it failed for another reason. */
export function parseEngineLocks(output: string): EngineLock[] {
  if (!/currently locked by \d+ lock/.test(output)) return [];
  const line = /^\s*(\S+): created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)\s*$/gm;
  return [...output.matchAll(line)].map(([, path, user, host, pid, since]) => ({
    ...{ path: path!, user: user!, hostname: host!, pid: Number(pid), since: since! },
  }));
}

/** What this machine knows about a process id. */
export interface LocalFacts {
  readonly hostname: string;
  /** When the process with this id began, in milliseconds; undefined if there is none. */
  readonly began: (pid: number) => Promise<number | undefined>;
  /** Whether the lock is of this machine: machines may share a name. */
  readonly same: (lock: EngineLock) => boolean;
}

/** Whether the engine that made a lock still runs. Another process that got its id later does not count. */
export async function lifeOfEngine(lock: EngineLock, { hostname: here, began, same }: LocalFacts): Promise<Life> {
  if (lock.hostname !== here || !same(lock)) return "elsewhere";
  const start = await began(lock.pid);
  // The lock's time has whole seconds.
  return start === undefined || start > Date.parse(lock.since) + 2_000 ? "dead" : "alive";
}

/**
 * What this machine knows about locks. State in files is on it; for other state only an own record is proof.
 * @param engines process ids of engines in own records
 */
export function localFacts({ environment }: Engine, engines: readonly number[]): LocalFacts {
  const inFiles = (environment.PULUMI_BACKEND_URL ?? "").startsWith("file:");
  return {
    hostname: hostname(),
    same: ({ pid }) => inFiles || engines.includes(pid),
    async began(pid) {
      const id = await identify(pid);
      if (!id) return undefined;
      const boot = Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]);
      return boot * 1000 + Number(id.started) * 10; // 100 ticks a second on every Linux this runs on
    },
  };
}

/**
 * Runs a command of the engine that locks the state. A lock whose owner is certainly dead is removed with a message, and the command
 * runs again; any other lock stays.
 * @throws LockedError with the holder and the time of the lock
 */
export async function runLocking(
  engine: Engine,
  args: readonly string[],
  facts: LocalFacts,
  options: EngineOptions & { readonly say: (text: string) => void },
): Promise<EngineRun> {
  const result = await runEngine(engine, args, options);
  const locks = result.exitCode === 0 ? [] : parseEngineLocks(result.output);
  if (locks.length === 0) return result;
  await removeDead(engine, locks, facts, options.say);
  return runEngine(engine, args, options);
}

/** Removes the engine's locks of a stack if all their owners are dead. @throws LockedError otherwise */
export async function removeDead(
  engine: Engine,
  locks: readonly EngineLock[],
  facts: LocalFacts,
  say: (text: string) => void,
): Promise<void> {
  for (const lock of locks) {
    const { user, hostname: host, pid, since, path } = lock;
    const who = `a Pulumi run of ${user}@${host} (process ${pid}) since ${since}`;
    switch (await lifeOfEngine(lock, facts)) {
      case "alive":
        throw new LockedError(
          `The state is locked by ${who}, which still runs; nothing was touched. Wait for it to end.`,
        );
      case "elsewhere":
        throw new LockedError(
          `The state is locked by ${who}. This machine cannot see whether it still runs: check on ${host}. If it is gone, run \`pulumi cancel -s ${engine.stack}\`; the lock is ${path}.`,
        );
      case "dead":
        say(`The state was locked by ${who}. That process no longer runs; its lock is removed.\n`);
    }
  }
  const { exitCode, output } = await runEngine(engine, ["cancel", "--yes"]);
  if (exitCode !== 0) throw new LockedError(`Cannot remove the lock of a dead process: ${output.trim()}`);
}
