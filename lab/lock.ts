import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isAlive, type ProcessId } from "../toolchain/system/processes.ts";

/**
 * Takes a lock file, waiting while a living process holds it; a lock of a dead process is taken over.
 * @param path the lock file; its folder is made.
 * @param onWait called once if another process holds it, with the id of that process.
 */
export async function lock(path: string, onWait?: (pid: number) => void): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const self = await identify(process.pid);
  let told = false;
  for (;;) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(JSON.stringify(self));
      await file.close();
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = await readOwner(path);
    if (owner && !(await isAlive(owner))) {
      await rm(path, { force: true });
      continue;
    }
    if (owner && !told) onWait?.(owner.pid);
    told ||= owner !== undefined;
    await sleep(200);
  }
}

async function readOwner(path: string): Promise<ProcessId | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ProcessId;
  } catch {
    // Removed, or not completely written yet.
    return undefined;
  }
}
