import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { bytesIn } from "../backups/copies.ts";
import { sshTo } from "../backups/keepers.ts";
import type { Opened, ResticOptions } from "../backups/restic.ts";
import type { Machine } from "../os/machine.ts";
import { knownPlace, namesIn, type Room, spoolOfAccount, whileRoom } from "./spool.ts";

/** Where restic has its cache in what is known of a repository. */
const cacheOf = (known: string) => join(known, "cache");

const place = ({ machine, account, name }: Opened) => join(knownPlace(machine, account), name);

/** Says that restic remembers nothing of a repository, because that takes more than the account's part. To try it each day would send to the backup host twice what such a run has sent. */
const tooLarge = (known: string) => join(known, "too-large");

/** How restic remembers what it reads and writes of a repository, and until when; without room, or if that is too large, it remembers nothing. */
export function cacheIn(opened: Opened, room: Room): Pick<ResticOptions, "cache" | "until"> {
  const { machine, account, name } = opened;
  trimKnown(machine, account, room);
  try {
    const allowed = room.allowedFor(account);
    if (allowed === 0 || existsSync(tooLarge(place(opened)))) return {};
    // What waits may be all that it may have.
    if (bytesIn(spoolOfAccount(machine, account)) > allowed) return {};
    const cache = cacheOf(place(opened));
    machine.disk.makeDirectory(cache, 0o700);
    return { cache, until: whileRoom(machine, account, allowed) };
  } catch (error) {
    machine.say(`account ${account}: restic remembers nothing of ${name}: ${(error as Error).message}`);
    return {};
  }
}

/** Before and after each run, whatever becomes of it: what is known and takes more than the account's part goes. If it cannot, that is said alone: it is no failure of a backup. */
export function trimKnown(machine: Machine, account: number, room: Room): void {
  try {
    const known = knownPlace(machine, account);
    if (existsSync(known) && bytesIn(spoolOfAccount(machine, account)) > room.allowedFor(account))
      machine.disk.remove(known);
  } catch (error) {
    machine.say(`account ${account}: what is known of its backups stays: ${(error as Error).message}`);
  }
}

/** After `until` of {@link cacheIn} has ended restic: it goes on with these options. */
export function withoutCache(opened: Opened, room: Room): Pick<ResticOptions, "cache"> {
  const { machine, account, name } = opened;
  try {
    const allowed = room.allowedFor(account);
    // Without an own part it is the disk that is full, which may pass.
    const isTooLarge = allowed > 0 && bytesIn(spoolOfAccount(machine, account)) > allowed;
    forgetKnown(opened);
    if (isTooLarge) machine.disk.makeDirectory(tooLarge(place(opened)), 0o700);
  } catch (error) {
    machine.say(`account ${account}: what is known of ${name} stays: ${(error as Error).message}`);
  }
  return {};
}

/** What is known of it is another one's: it begins anew under the same name. */
export const forgetKnown = (opened: Opened) => opened.machine.disk.remove(place(opened));

/** restic's cache of a repository, which is called by its id. If there are two, one is of another repository of that name. */
function cached(known: string): string | undefined {
  const ids = namesIn(cacheOf(known)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return ids.length === 1 ? join(cacheOf(known), ids[0]!) : undefined;
}

/** Lines of `head` of serve.sh: a path and its content in base64. */
const headLine = /^(config|keys\/[0-9a-f]{64}) ([A-Za-z0-9+/]{1,8000}=*)$/;

/**
 * After a backup: asks the backup host for what no backup reads in passing, once for each repository, and forgets repositories of before. What is known counts for the account's part of
 * the spool; if it is larger, there is none. What goes wrong is said: the backup was made.
 */
export async function keepKnown(opened: Opened, room: Room): Promise<void> {
  const { machine, account, name } = opened;
  try {
    await ask(opened, room);
  } catch (error) {
    machine.say(`account ${account}: nothing is known of ${name}: ${(error as Error).message}`);
    try {
      // Half of it would be taken for all.
      forgetKnown(opened);
    } catch (another) {
      machine.say(`account ${account}: what is known of ${name} stays: ${(another as Error).message}`);
    }
  }
}

async function ask(opened: Opened, room: Room): Promise<void> {
  const { machine, account, keeper, name } = opened;
  const own = place(opened);
  for (const other of namesIn(knownPlace(machine, account)))
    if (other !== name) machine.disk.remove(join(knownPlace(machine, account), other));
  trimKnown(machine, account, room);
  if (existsSync(tooLarge(own))) return;
  if (cached(own) === undefined) forgetKnown(opened);
  if (cached(own) === undefined || existsSync(join(own, "config"))) return;
  const [program, ...args] = sshTo(machine, keeper, account, ["head", name]);
  const { status, stdout } = await machine.run(program!, args);
  // A backup host of an older release has no such word: a repository that waits begins with nothing then.
  if (status !== 0) return;
  const files = stdout
    .split("\n")
    .flatMap((line) => (headLine.test(line) ? [line.split(" ") as [string, string]] : []));
  // The config last: with it, all is there.
  for (const [path, content] of files.sort(([left]) => (left === "config" ? 1 : -1))) {
    machine.disk.makeDirectory(dirname(join(own, path)), 0o700);
    machine.disk.remove(join(own, path));
    machine.disk.create(join(own, path), Buffer.from(content, "base64"), 0o600, { sync: true });
  }
}

/** Names of repositories of which enough is known. */
export function knownRepositories(machine: Machine, account: number): string[] {
  const all = knownPlace(machine, account);
  return namesIn(all).filter((name) => existsSync(join(all, name, "config")) && cached(join(all, name)) !== undefined);
}

/**
 * Makes a repository of what is known, by links: backups go on in it as if files were there, since restic reads none of them again that it finds in its index.
 * @param into a directory that is not there yet
 */
export function linkKnown(machine: Machine, account: number, name: string, into: string): void {
  const known = join(knownPlace(machine, account), name);
  const cache = cached(known)!;
  const link = (from: string, to: string) => {
    machine.disk.makeDirectory(dirname(to), 0o700);
    machine.disk.link(from, to);
  };
  for (const directory of ["locks", "data", "index", "snapshots", "base"])
    machine.disk.makeDirectory(join(into, directory), 0o700);
  for (const part of ["data", "index", "snapshots"] as const) {
    for (const first of namesIn(join(cache, part))) {
      for (const id of namesIn(join(cache, part, first)).filter((file) => /^[0-9a-f]{64}$/.test(file))) {
        const from = join(cache, part, first, id);
        link(from, part === "data" ? join(into, part, first, id) : join(into, part, id));
        if (part === "snapshots") link(from, join(into, "base", id));
      }
    }
  }
  for (const id of namesIn(join(known, "keys"))) link(join(known, "keys", id), join(into, "keys", id));
  link(join(known, "config"), join(into, "config"));
}
