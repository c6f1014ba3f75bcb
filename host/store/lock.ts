import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { take } from "../../lib/kernel-lock.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "./own-file.ts";

/** Seconds that a second run waits for the first. */
const patience = 600;

export interface Holder {
  readonly pid: number;
  /** Its command, for example `apply`. */
  readonly work: string;
  readonly since: string;
}

const isHolder: Schema<Holder> = (value): value is Holder =>
  isRecord(value) && typeof value.pid === "number" && typeof value.work === "string" && typeof value.since === "string";

/**
 * Does the work while no other run changes this host. The kernel holds the lock (flock, through util-linux) and releases it when the
 * process ends, however it ends: no stale lock remains.
 * @param seconds to wait for another holder, who is named before
 * @throws ApplyError with the holder, when the time is up
 */
export async function withLock<T>(
  machine: Machine,
  work: string,
  action: () => Promise<T>,
  seconds: number = patience,
): Promise<T> {
  const { layout } = machine;
  mkdirSync(dirname(layout.lock), { recursive: true, mode: 0o700 });
  // A short run is soon over, and one that has just begun has not said yet who it is.
  let release = await take(layout.lock, Math.min(1, seconds));
  if (!release) {
    machine.say(`waiting up to ${seconds} s for ${shown(holder(layout.lock))}`);
    release = await take(layout.lock, seconds);
  }
  if (!release) {
    throw new ApplyError(
      `nothing was changed: ${shown(holder(layout.lock))} still runs after ${seconds} s; wait for it, or check \`fairhost-host status\``,
    );
  }
  try {
    const own: Holder = { pid: process.pid, work, since: new Date().toISOString() };
    writeFileSync(layout.lock, JSON.stringify(own));
    return await action();
  } finally {
    writeFileSync(layout.lock, "");
    await release();
  }
}

/** The holder of the lock, according to the file; undefined if it does not say, for example because it is just being written. */
export function holder(lock: string): Holder | undefined {
  return readOwnIfWhole(lock, isHolder);
}

function shown(known: Holder | undefined): string {
  return known ? `${known.work} (process ${known.pid}, since ${known.since})` : "another run";
}
