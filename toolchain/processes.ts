import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A process and when it began: together they never mean another process, even after its id was given out again. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after the machine's boot (field 22 of /proc/PID/stat). */
  readonly started: string;
}

async function readStat(pid: number): Promise<{ state: string; started: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold anything, spaces and parentheses included.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "?", started: fields[19] ?? "?" };
  } catch {
    return undefined;
  }
}

/** The identity of a running process; undefined when there is none with this id. */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readStat(pid);
  return stat && { pid, started: stat.started };
}

/** Whether exactly this process still runs. A zombie does not. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  const stat = await readStat(id.pid);
  return stat !== undefined && stat.started === id.started && stat.state !== "Z" && stat.state !== "X";
}

/**
 * Ends exactly this process and waits until it is gone. A recycled id is left alone.
 * @param graceMs milliseconds between SIGTERM and SIGKILL; 0 sends SIGKILL at once.
 * @throws Error when it is still there five seconds after SIGKILL.
 */
export async function endProcess(id: ProcessId, graceMs = 0): Promise<void> {
  for (const [signal, waitMs] of [
    ["SIGTERM", graceMs],
    ["SIGKILL", 5_000],
  ] as const) {
    if (waitMs === 0) continue;
    if (!(await isAlive(id))) return;
    try {
      process.kill(id.pid, signal);
    } catch {
      // Gone between the look and the signal.
    }
    const end = performance.now() + waitMs;
    while (performance.now() < end) {
      if (!(await isAlive(id))) return;
      await sleep(20);
    }
  }
  if (await isAlive(id)) throw new Error(`process ${id.pid} does not end, not even by SIGKILL`);
}
