import { existsSync, readFileSync, statfsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { identify, isAlive } from "../../../toolchain/system/processes.ts";
import { type Engine, type EngineOptions, type EngineRun, runEngine } from "../../engine/engine.ts";
import { LockedError } from "./lock.ts";
import { type Life, lifeOf, type Owner, self } from "./owner.ts";

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

/** An engine that a deploy of this stack started, by its record. */
export interface PastEngine extends Owner {
  /** When the deploy began, ISO 8601. */
  readonly began: string;
}

/** What this process can know about the owner of an engine's lock. */
export interface LocalFacts {
  readonly me: Owner;
  readonly engines: readonly PastEngine[];
  /**
   * Whether every process that can have made a lock here is visible: the state is in files of this machine, and this process is in the
   * machine's own process namespace, not in a container's.
   */
  readonly seesAll: boolean;
  /** When this machine's processes with this id, each in its own namespace, began; milliseconds. */
  readonly began: (pid: number) => Promise<readonly number[]>;
  /** Whether exactly this process runs here. */
  readonly runs: (owner: Pick<Owner, "pid" | "started">) => Promise<boolean>;
}

/** Milliseconds between the start of an engine and its lock, at most: it first reads the state. */
const slowestLock = 60_000;

/**
 * Whether the engine that made a lock still runs. The lock has only a name, a process id and a time, and a container can have the name and
 * the process ids of another. It is dead only if that is certain: by the record of the deploy that started it, or because every process
 * of the machine can be seen and none has been it.
 */
export async function lifeOfEngine(lock: EngineLock, { me, engines, seesAll, began, runs }: LocalFacts): Promise<Life> {
  if (lock.hostname !== me.hostname) return "elsewhere";
  const since = Date.parse(lock.since);
  const own = engines.find((engine) => {
    if (engine.pid !== lock.pid) return false;
    // The lock's time has whole seconds.
    const start = engine.boot === me.boot ? bootTime() + Number(engine.started) * tick : Date.parse(engine.began);
    return since > start - 2_000 && (engine.boot !== me.boot || since < start + slowestLock);
  });
  if (own) return lifeOf(own, me, runs);
  if (!seesAll) return "elsewhere";
  return (await began(lock.pid)).some((start) => start <= since + 2_000) ? "alive" : "dead";
}

/** Milliseconds of a clock tick: 100 a second on every Linux this runs on. */
const tick = 10;

/** When this machine was booted, in milliseconds. */
function bootTime(): number {
  return Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1]) * 1000;
}

/** The number of the process namespace that a kernel begins with (PROC_PID_INIT_INO). */
const firstNamespace = "pid:[4026531836]";

/** File systems that no other machine can write to (statfs(2)): ext, XFS, Btrfs, tmpfs, ZFS, overlay. */
const localFileSystems = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x2fc12fc1, 0x794c7630]);

/** @param engines engines in own records */
export async function localFacts({ environment }: Engine, engines: readonly PastEngine[]): Promise<LocalFacts> {
  const me = await self();
  const backend = environment.PULUMI_BACKEND_URL ?? "";
  return {
    ...{ me, engines, began: beginnings, runs: isAlive },
    // Where processes of others are hidden (hidepid), even the first one is.
    seesAll: isHere(backend) && me.namespace === firstNamespace && existsSync("/proc/1/stat"),
  };
}

function isHere(backend: string): boolean {
  if (!backend.startsWith("file:///")) return false;
  try {
    return localFileSystems.has(statfsSync(new URL(backend).pathname).type);
  } catch {
    return false;
  }
}

async function beginnings(pid: number): Promise<number[]> {
  const boot = bootTime();
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const status = await readFile(`/proc/${entry}/status`, "utf8").catch(() => "");
    // Ids of the process in each namespace that it is in, from the outermost one.
    const ids = /^NSpid:(.*)$/m.exec(status)?.[1]?.trim().split(/\s+/).map(Number) ?? [];
    const id = ids.includes(pid) ? await identify(Number(entry)) : undefined;
    if (id) found.push(boot + Number(id.started) * tick);
  }
  return found;
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
  const locks = result.exitCode === 0 ? [] : parseEngineLocks(result.output());
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
  if (exitCode !== 0) throw new LockedError(`Cannot remove the lock of a dead process: ${output().trim()}`);
}
