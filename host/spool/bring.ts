import { join } from "node:path";
import type { BackupRecord, Keeper } from "../../delivery/protocol/backups.ts";
import { readRepositoryName } from "../backups/keepers.ts";
import { failureOf, mustRestic, noRepository, type Opened, restic, Unreachable } from "../backups/restic.ts";
import { Busy } from "../backups/state.ts";
import type { Unanswered } from "../backups/turns.ts";
import type { Machine } from "../os/machine.ts";
import { backupKey, masterOf } from "../store/secrets.ts";
import { namesIn, spoolDirectory, waitingOf, waitingPlace } from "./spool.ts";
import { inside } from "./wait.ts";

const day = 86_400_000;

/** Days after which what waits of an account that is not on this host any more goes, and of repositories of which no snapshot is younger than its retention. */
const forgotten = 30;

const dayOf = (time: string | number) => Math.floor(new Date(time).getTime() / day);

/**
 * Takes an account's backups that waited to the backup host, the newest first, and removes them here when all have come. Those of a day of which the backup host has one
 * already, and those whose time is over, are left out. What is there already is not brought again, so a run that was killed goes on where it was.
 * @param newest when the newest backup on the backup host was begun, ISO 8601
 * @param seconds that it may take
 * @returns how many came
 * @throws ApplyError if they did not: they wait
 */
export async function bringWaiting(
  machine: Machine,
  host: string,
  { account, retentionDays }: BackupRecord,
  keeper: Keeper,
  newest: string | undefined,
  seconds: number,
): Promise<number> {
  const place = waitingPlace(machine, account);
  let came = 0;
  for (const name of namesIn(place)) {
    const own = join(place, name);
    const repository = readRepositoryName(name);
    const master = repository?.host === host ? masterOf(machine, repository.epoch) : undefined;
    // What a killed run has left, also of one that has come, and what has no key any more.
    if (!repository || !master) {
      machine.disk.remove(own);
      continue;
    }
    const there: Opened = { machine, account, keeper, name, key: backupKey(master, account, repository.epoch) };
    const listed = await mustRestic(inside(there, name, own), ["snapshots", "--json", "--no-lock"]);
    const base = new Set(namesIn(join(own, "base")));
    const waits = (JSON.parse(listed) as { id: string; time: string }[])
      .filter(({ id, time }) => !base.has(id) && Date.now() - Date.parse(time) < retentionDays * day)
      .sort((left, right) => Date.parse(right.time) - Date.parse(left.time));
    const asked = waits.filter(({ time }) => newest === undefined || dayOf(time) !== dayOf(newest));
    if (asked.length > 0) {
      const args = ["copy", "--quiet", ...asked.map(({ id }) => id)];
      const options = { source: own, longest: seconds };
      let result = await restic(there, args, options);
      // Nothing was known of it, and it began while no backup host answered.
      if (result.status === noRepository && base.size === 0) {
        await mustRestic(there, ["init", "--quiet"]);
        result = await restic(there, args, options);
      }
      if (result.status !== 0) throw failureOf(there, result, `restic copy of what waits in ${name} to ${keeper.name}`);
      came += asked.length;
    }
    // At once for everybody: half of it is nothing that restic could read.
    const done = `${own}.done`;
    machine.disk.rename(own, done);
    machine.disk.remove(done);
  }
  machine.disk.remove(place);
  return came;
}

/**
 * Brings what waits, one account after the other; one of them whose connection fails keeps no other from it.
 * @param accounts in their order
 * @param due leaves out those that another run works on
 * @returns one line for each account of which backups go on waiting
 */
export async function bringAll(
  machine: Machine,
  accounts: readonly { readonly record: BackupRecord; readonly keeper: Keeper }[],
  unanswered: Unanswered,
  due: boolean,
  bring: (record: BackupRecord, keeper: Keeper) => Promise<void>,
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { record, keeper } of accounts) {
    const { account } = record;
    if (unanswered.isAway(keeper.name) || namesIn(waitingPlace(machine, account)).length === 0) continue;
    try {
      await bring(record, keeper);
    } catch (error) {
      if (due && error instanceof Busy) continue;
      if (error instanceof Unreachable) unanswered.add(keeper.name);
      wrong.push(`account ${account}: backups go on waiting on this host: ${(error as Error).message}`);
    }
  }
  return wrong;
}

/** Removes what is kept of accounts that are not backed up here any more: what is known at once, what waits when nobody brings it. What cannot be removed is said. */
export function forgetSpooled(machine: Machine, declared: ReadonlySet<number>, now: number): void {
  const isOver = (account: number) => {
    const { snapshots, newest } = waitingOf(machine, account);
    return snapshots.length === 0 || now - newest > forgotten * day;
  };
  for (const name of namesIn(spoolDirectory(machine))) {
    const account = Number(name);
    try {
      if (Number.isSafeInteger(account) && (declared.has(account) || !isOver(account))) continue;
      machine.disk.remove(join(spoolDirectory(machine), name));
    } catch (error) {
      machine.say(`account ${name}: what is kept of its backups stays: ${(error as Error).message}`);
    }
  }
}
