import { join } from "node:path";
import type { BackupRecord, Keeper } from "../../delivery/protocol/backups.ts";
import { readRepositoryName } from "../backups/keepers.ts";
import { failureOf, mustRestic, noRepository, type Opened, restic, Unreachable } from "../backups/restic.ts";
import { Busy } from "../backups/state.ts";
import type { Unanswered } from "../backups/turns.ts";
import type { Machine } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";
import { backupKey, masterOf } from "../store/secrets.ts";
import { knownPlace, namesIn, spoolDirectory, waitingOf, waitingPlace } from "./spool.ts";
import { inside } from "./wait.ts";

const day = 86_400_000;

/** Days for which what waits of an account that is not on this host any more stays. */
const forgotten = 30;

/** Milliseconds that count at most from one run to the next: a clock that is set forward by months removes nothing. */
const longest = day;

/** Accounts that are not on this host any more, by number: when the last run found that, and for how long they have been away, in milliseconds. */
type Left = Readonly<Record<string, { readonly at: number; readonly passed: number }>>;
const isLeft: Schema<Left> = (value): value is Left =>
  isRecord(value) &&
  Object.values(value).every((each) => isRecord(each) && Number.isFinite(each.at) && Number.isFinite(each.passed));

const dayOf = (time: string | number) => Math.floor(new Date(time).getTime() / day);

/**
 * Takes an account's backups that waited to the backup host, the newest first, and removes them here when all have come. Those of the day
 * of the newest one there are left out, and none for its age: the backup host removes what is over, by its own clock, and that of this host may be wrong. What is there already is not
 * brought again, so a run that was killed goes on where it was.
 * @param newest when the newest backup on the backup host was begun, ISO 8601
 * @param seconds that it may take
 * @returns how many came
 * @throws ApplyError if they did not: they wait
 */
export async function bringWaiting(
  machine: Machine,
  host: string,
  { account }: BackupRecord,
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
      .filter(({ id }) => !base.has(id))
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

/**
 * Removes what is kept of accounts that are not backed up here any more: what is known at once, what waits after 30 days in which there were runs. What cannot be removed is said.
 * Damaged, what is remembered of these days counts as none.
 */
export function forgetSpooled(machine: Machine, declared: ReadonlySet<number>, now: number): void {
  const path = join(machine.layout.state, "left-waiting.json");
  const before = readOwnIfWhole(path, isLeft) ?? {};
  const left: Record<string, Left[string]> = {};
  for (const name of namesIn(spoolDirectory(machine))) {
    const account = Number(name);
    try {
      if (Number.isSafeInteger(account) && declared.has(account)) continue;
      if (Number.isSafeInteger(account) && waitingOf(machine, account).snapshots.length > 0) {
        const { at, passed } = before[account] ?? { at: now, passed: 0 };
        const sum = passed + Math.min(longest, Math.max(0, now - at));
        left[account] = { at: now, passed: sum };
        machine.disk.remove(knownPlace(machine, account));
        if (sum <= forgotten * day) continue;
      }
      machine.disk.remove(join(spoolDirectory(machine), name));
      delete left[account];
    } catch (error) {
      machine.say(`account ${name}: what is kept of its backups stays: ${(error as Error).message}`);
    }
  }
  if (JSON.stringify(left) === JSON.stringify(before)) return;
  try {
    machine.disk.replace(path, `${JSON.stringify(left)}\n`, 0o600, { sync: false });
  } catch (error) {
    machine.say(`${path} cannot be written: ${(error as Error).message}`);
  }
}
