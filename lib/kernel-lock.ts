import { spawn } from "node:child_process";
import { once } from "node:events";

/**
 * Takes a lock of the kernel (flock, through util-linux). A child process holds it until its standard input ends, at the latest when this
 * process ends, however it ends: no stale lock remains. The file stays; others may be waiting with it open.
 * @param seconds to wait for another holder; `Infinity` without a limit
 * @returns a function that releases it, and returns when others can take it; undefined if another holder still has it after these seconds
 */
export async function take(lock: string, seconds: number): Promise<(() => Promise<void>) | undefined> {
  const wait = seconds === Infinity ? [] : ["--timeout", `${seconds}`];
  const child = spawn("flock", ["--exclusive", ...wait, lock, "sh", "-c", "echo; exec cat >/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
    // In a session of its own: Ctrl-C would end it, while this process still completes its work.
    detached: true,
  });
  const ended = once(child, "exit");
  const taken = await Promise.race([once(child.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!taken) return undefined;
  return async () => {
    child.stdin.end();
    await ended;
  };
}
