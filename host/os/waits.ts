import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { architectureHere } from "../../lib/architectures.ts";
import type { Machine } from "./machine.ts";

/**
 * What open(2) waits for, as the kernel calls it in `/proc/<pid>/wchan`: the other end of a pipe (fifo(7)), or the owner of a lease (fcntl(2), F_SETLEASE). Whoever
 * owns files can put either in a file's place between the moment in which a program looks at it and that in which the program opens it; and a pipe waits for ever.
 */
const waiting = new Set(["wait_for_partner", "fifo_open", "__break_lease"]);

/** Milliseconds between two looks, and looks in which one thread waits for the same, after which it counts: what is ordinary has gone on by then. */
const pace = 1000;
const looks = 3;

/** A file of an account for which a program of the host waits. */
export interface Wait {
  /** As the program names it, if that can be told. */
  readonly file: string | undefined;
}

/**
 * Looks whether programs that read what an account can change are kept waiting by it, and says so once.
 * @param pids of these programs
 * @returns ends it
 */
export function watchForWaits(
  { layout }: Machine,
  pids: () => readonly string[],
  found: (wait: Wait) => void,
): () => void {
  let seen = new Map<string, number>();
  const timer = setInterval(() => {
    const now = new Map<string, number>();
    for (const pid of pids()) {
      for (const thread of unlessGone(() => readdirSync(layout.at(`/proc/${pid}/task`))) ?? []) {
        const own = layout.at(`/proc/${pid}/task/${thread}`);
        const where = unlessGone(() => readFileSync(`${own}/wchan`, "latin1")) ?? "";
        if (!waiting.has(where)) continue;
        const times = (seen.get(own) ?? 0) + 1;
        now.set(own, times);
        if (times < looks) continue;
        clearInterval(timer);
        found({ file: unlessGone(() => opening(own)) });
        return;
      }
    }
    seen = now;
  }, pace);
  timer.unref();
  return () => clearInterval(timer);
}

/** The processes that a process has started, and those of these, with itself. */
export function withDescendants(machine: Machine, pid: string): string[] {
  const { layout } = machine;
  const threads = unlessGone(() => readdirSync(layout.at(`/proc/${pid}/task`))) ?? [];
  const children = threads.flatMap(
    (thread) => unlessGone(() => readFileSync(layout.at(`/proc/${pid}/task/${thread}/children`), "latin1")) ?? "",
  );
  const own = children.flatMap((line) => line.split(" ").filter(Boolean));
  return [pid, ...own.flatMap((child) => withDescendants(machine, child))];
}

/** The processes of a unit. @param group its path below the root of control groups */
export function processesIn({ layout }: Machine, group: string): string[] {
  const text = unlessGone(() => readFileSync(layout.at(`/sys/fs/cgroup/${group}/cgroup.procs`), "latin1")) ?? "";
  return text.split("\n").filter(Boolean);
}

/** The path that a thread opens: proc_pid_syscall(5) has the call, its directory and the address of the name. */
function opening(thread: string): string | undefined {
  const [call = "", directory = "", address = ""] = readFileSync(`${thread}/syscall`, "latin1").split(" ");
  if (Number(call) !== architectureHere().openat) return undefined;
  const memory = openSync(`${thread}/mem`, "r");
  try {
    const bytes = Buffer.alloc(4096);
    // Not beyond a page that may be the last one.
    const length = 4096 - Number(BigInt(address) & 4095n);
    let read = readSync(memory, bytes, 0, length, BigInt(address));
    if (!bytes.subarray(0, read).includes(0))
      read += readSync(memory, bytes, read, 4096 - read, BigInt(address) + BigInt(read));
    const name = bytes.subarray(0, bytes.indexOf(0)).toString();
    const at = Number.parseInt(directory, 16);
    // AT_FDCWD is a negative number.
    const beside = at > 0x7fff_ffff ? `${thread}/cwd` : `${thread}/fd/${at}`;
    return name.startsWith("/") ? name : resolve(readlinkSync(beside), name);
  } finally {
    closeSync(memory);
  }
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
