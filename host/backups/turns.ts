import type { BackupRecord } from "../../delivery/protocol/backups.ts";
import { isAhead } from "../../delivery/protocol/proofs.ts";
import type { CopyState } from "./copies.ts";
import { type BackupState, newestStored } from "./state.ts";

/**
 * Milliseconds: a backup that is younger is not made again by a timer.
 * @param minutes those of an account with a standby, whose timer looks more often (components/backup/often.ts)
 */
export const recentFor = (minutes: number | undefined) =>
  minutes === undefined ? 12 * 3_600_000 : (minutes / 2) * 60_000;

/**
 * Whether a timer makes one again. What was stored without all of its databases is made again at the next look; but that is every three minutes for accounts with a standby, and a
 * dump that never succeeds would fill their repositories.
 */
export function isDue(state: BackupState | undefined, minutes: number | undefined, now: number): boolean {
  const newest = minutes === undefined ? state?.last : newestStored(state);
  const age = newest === undefined ? Infinity : now - Date.parse(newest.time);
  return !(age >= 0 && age < recentFor(minutes));
}

/**
 * Accounts in the order of a run: whose newest backup is the oldest comes first, and those whose last run failed come last. So what makes one of them slow
 * takes each night from another, and what keeps it from ending from none.
 */
export function inTurn(
  records: readonly BackupRecord[],
  stateOf: (account: number) => BackupState | undefined,
): readonly BackupRecord[] {
  const turns = records.map((record) => ({ record, state: stateOf(record.account) }));
  turns.sort(
    ({ state: left }, { state: right }) =>
      timeOf(left?.failed?.time) - timeOf(right?.failed?.time) || timeOf(left?.last?.time) - timeOf(right?.last?.time),
  );
  return turns.map(({ record }) => record);
}

const timeOf = (text: string | undefined) => (text === undefined ? 0 : Date.parse(text) || 0);

/**
 * Seconds that an account's files may take to be read and sent: 2 MB of its disk limit in each, and half an hour. A file with holes is read in full, costs
 * nothing of the limit, and would take the time of others.
 */
export const longestFor = (limit: number | undefined) =>
  Math.min(6 * 3600, 1800 + Math.ceil((limit ?? Infinity) / 2e6));

/**
 * Seconds of one account in a run that serves all accounts with a standby, one after the other: a quarter of the shortest minutes, so that the others are not late for it.
 * @param minutes those of each account
 */
export const shareOf = (minutes: Iterable<number>) => (Math.min(...minutes) * 60) / 4;

/** Whether the runs of every few minutes leave an account alone, because it took longer than {@link shareOf its share}, until a daily run has made a backup of it. */
export const isForDay = (state: BackupState | undefined) => state?.failed?.slow === true;

/** Whether the daily run, which may be over for today, is begun for such an account: it has not tried it for an hour, or then the clock was ahead. */
export const dayHelps = (state: BackupState | undefined, now: number) => {
  const tried = timeOf(state?.failed?.time);
  return isAhead(tried, now) || !(now - tried < 3_600_000);
};

/**
 * The order in which copies are fetched: whose copy is the oldest comes first, and those whose last run failed come last.
 * @returns `waits` of those that {@link shareOf took all of their time} and are left for another run: each run goes on with one of them
 */
export function fetchTurns<T extends { readonly before: Pick<CopyState, "compared" | "failed"> | undefined }>(
  turns: readonly T[],
): readonly (T & { readonly waits: boolean })[] {
  const sorted = turns.toSorted(
    ({ before: left }, { before: right }) =>
      timeOf(left?.failed?.time) - timeOf(right?.failed?.time) || timeOf(left?.compared) - timeOf(right?.compared),
  );
  const [first] = sorted.filter(({ before }) => before?.failed?.slow);
  return sorted.map((each) => ({ ...each, waits: each.before?.failed?.slow === true && each !== first }));
}

/**
 * The order in which what waits is brought: accounts whose last backup failed come last, and of the others another one comes first in each hour, so those whose connection breaks off
 * when much is brought keep none from it for good.
 */
export function bringTurns<T extends { readonly account: number }>(
  records: readonly T[],
  stateOf: (account: number) => BackupState | undefined,
  now: number,
): readonly T[] {
  const first = Math.floor(now / 3_600_000) % Math.max(1, records.length);
  const hasFailed = ({ account }: T) => Number(stateOf(account)?.failed !== undefined);
  return [...records.slice(first), ...records.slice(0, first)].sort(
    (left, right) => hasFailed(left) - hasFailed(right),
  );
}

/** Failures of accounts to reach a backup host after which those that are left are not tried: each would wait as long. */
const most = 3;

/** Which backup hosts cannot be reached, in one run: a connection that fails may be that of one account alone. */
export class Unanswered {
  readonly #failures = new Map<string, number>();

  /** @param keeper its name */
  add(keeper: string): void {
    this.#failures.set(keeper, (this.#failures.get(keeper) ?? 0) + 1);
  }

  isAway(keeper: string): boolean {
    return (this.#failures.get(keeper) ?? 0) >= most;
  }
}
