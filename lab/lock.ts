import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { take } from "../lib/kernel-lock.ts";
import { identify, isAlive, type ProcessId } from "../toolchain/system/processes.ts";
import { LabError } from "./errors.ts";
import { checkout } from "./paths.ts";

/** The process that has a lock, and its checkout. */
export interface Holder extends ProcessId {
  readonly checkout: string;
}

/**
 * Takes a lock of the machine, waiting while another process has it. The kernel releases it when this process ends, however it ends.
 * @param path the lock file; its folder is made. It stays.
 * @param onWait called once before it waits, with the holder; undefined if that is just changing
 * @param seconds to wait; without a limit by default, for work that ends by itself
 * @throws LabError with the holder, when the time is up
 */
export async function lock(
  path: string,
  onWait: (holder: Holder | undefined) => void = () => {},
  seconds = Infinity,
): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  let release = await take(path, 0);
  if (!release) {
    onWait(await holderOf(path));
    release = await take(path, seconds);
  }
  if (!release) {
    const holder = await holderOf(path);
    throw new LabError(
      `${path} is still locked after ${seconds} s, by ${holderWords(holder)}`,
      `wait until it has ended${holder ? `, or end it: kill ${holder.pid}` : ""}`,
    );
  }
  const own: Holder = { ...(await identify(process.pid))!, checkout };
  await writeFile(path, JSON.stringify(own));
  return {
    async [Symbol.asyncDispose]() {
      await writeFile(path, "");
      await release();
    },
  };
}

/** The living process that has a lock. */
export async function holderOf(path: string): Promise<Holder | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    const holder = JSON.parse(text) as Holder;
    return (await isAlive(holder)) ? holder : undefined;
  } catch {
    // Empty: released. Or not completely written yet.
    return undefined;
  }
}

/** `process 4711 of /root/fairhost`. */
export function holderWords(holder: Holder | undefined): string {
  return holder ? `process ${holder.pid} of ${holder.checkout}` : "another process";
}
