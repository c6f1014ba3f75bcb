import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A process id with its start time: together they identify one process, even after the id is reused. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks after the machine's boot (field 22 of /proc/PID/stat). */
  readonly started: string;
}

/**
 * The identity of a running process; undefined if there is none with this id. A zombie does not run: it has ended, but its parent
 * may take a second to collect it, or never does in a container without an init. Its first thread alone may be one: the others still hold what it
 * has open, such as the locks of a machine's disks (proc(5): fields 3 and 20).
 */
export async function identify(pid: number): Promise<ProcessId | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may hold anything, spaces and parentheses included.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, started] = [fields[0], Number(fields[17]), fields[19] ?? "?"];
  return state === "X" || (state === "Z" && threads < 2) ? undefined : { pid, started };
}

/** Whether exactly this process still runs. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  return (await identify(id.pid))?.started === id.started;
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
      // It ended between the check and the signal.
    }
    const end = performance.now() + waitMs;
    while (performance.now() < end) {
      if (!(await isAlive(id))) return;
      await sleep(20);
    }
  }
  if (await isAlive(id)) throw new Error(`process ${id.pid} does not end, not even by SIGKILL`);
}
