import { join } from "node:path";
import { filesBelow } from "../backups/copies.ts";
import { readRepositoryName } from "../backups/keepers.ts";
import {
  failureOf,
  incomplete,
  mustRestic,
  type Opened,
  type ResticOptions,
  type ResticResult,
} from "../backups/restic.ts";
import type { Machine } from "../os/machine.ts";
import { knownRepositories, linkKnown } from "./known.ts";
import { namesIn, type Room, waitingOf, waitingPlace, whileRoom } from "./spool.ts";

const day = 86_400_000;

/** Whether a backup is made that waits: one each day (UTC) is what the account gets of each day anyway. */
export function mayWait(machine: Machine, account: number, now: Date): boolean {
  return Math.floor(waitingOf(machine, account).newest / day) !== Math.floor(now.getTime() / day);
}

/**
 * Makes a backup that waits on this host for the backup host, once a day.
 * @param current the repository on the backup host, to which it would go now
 * @param make the backup
 * @returns what became of it, as a part of a sentence; nothing if one of that day waits
 */
export async function wait(
  current: Opened,
  room: Room,
  now: Date,
  make: (opened: Opened, options: ResticOptions) => Promise<ResticResult>,
): Promise<string> {
  const { machine, account } = current;
  if (!mayWait(machine, account, now)) return "";
  if (room.allowedFor(account) === 0) return "and there is no room for today's backup to wait on this host";
  try {
    const { opened, options, undo } = await beginWaiting(current, room);
    const result = await make(opened, options);
    if (result.ended === undefined && [0, incomplete].includes(result.status))
      return "today's backup waits on this host";
    undo();
    throw failureOf(opened, result, "restic backup");
  } catch (error) {
    return `and today's backup does not wait on this host: ${(error as Error).message}`;
  }
}

interface WaitingRepository {
  readonly opened: Opened;
  readonly options: Pick<ResticOptions, "until">;
  /** Removes what a backup that failed has left. */
  undo(): void;
}

/**
 * Opens the repository of an account in which backups wait for the backup host: that of the last days, or one that begins with what is known of the account's
 * repository, so that only what has changed since takes room. If nothing is known, it is an empty one.
 * @param current the one on the backup host, to which backups would go now
 */
async function beginWaiting(current: Opened, room: Room): Promise<WaitingRepository> {
  const { machine, account } = current;
  const place = waitingPlace(machine, account);
  const now = readRepositoryName(current.name)!;
  // The same key: it follows from host, account and epoch.
  const fits = (name: string) => {
    const { host, epoch, day } = readRepositoryName(name) ?? {};
    return host === now.host && epoch === now.epoch && day === undefined;
  };
  machine.disk.makeDirectory(place, 0o700);
  let name = namesIn(place).find(fits);
  if (name === undefined) {
    const known = knownRepositories(machine, account).find(fits);
    name = known ?? current.name;
    const begun = join(place, `${name}.new`);
    machine.disk.remove(begun);
    machine.disk.makeDirectory(begun, 0o700);
    if (known === undefined) await mustRestic(inside(current, name, begun), ["init", "--quiet"]);
    else linkKnown(machine, account, known, begun);
    machine.disk.rename(begun, join(place, name));
  }
  const own = join(place, name);
  const before = new Set(pathsBelow(own));
  return {
    opened: inside(current, name, own),
    options: { until: whileRoom(machine, account, room.allowedFor(account)) },
    undo: () => {
      for (const path of pathsBelow(own)) if (!before.has(path)) machine.disk.remove(path);
    },
  };
}

/** A repository of the same key on this host. */
export const inside = (opened: Opened, name: string, directory: string): Opened => {
  return { ...opened, keeper: { ...opened.keeper, name: "this host" }, name, directory, writable: true };
};

const pathsBelow = (directory: string) => Array.from(filesBelow(directory), ([path]) => path);
