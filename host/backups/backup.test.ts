import { expect, test } from "vitest";
import { branchFor, isBranch, type Repository, readRepositoryName, repositoryName } from "./keepers.ts";
import { type BackupState, failedState } from "./state.ts";
import { bringTurns, dayHelps, fetchTurns, inTurn, isDue, isForDay, longestFor, recentFor, shareOf } from "./turns.ts";

const at = (day: number) => `2026-11-0${day}T03:00:00.000Z`;
const last = (day: number) => ({ last: { time: at(day) } }) as BackupState;
const failed = (day: number) => ({ failed: { time: at(day), why: "it took too long" } });

test("the oldest backup is made anew first, one of an account that has none before; who failed comes last", () => {
  const states: Readonly<Record<number, BackupState>> = {
    1: { ...last(5), ...failed(7) },
    2: last(6),
    3: { ...last(2), ...failed(6) },
    4: last(4),
  };
  const records = [1, 2, 3, 4, 5].map((account) => ({ account, site: "s", retentionDays: 7 }));
  expect(inTurn(records, (account) => states[account]).map(({ account }) => account)).toEqual([5, 4, 2, 3, 1]);
});

test("what waits is brought by another account first in each hour; those whose last backup failed come last", () => {
  const records = [1, 2, 3, 4].map((account) => ({ account }));
  const order = (hour: number) =>
    bringTurns(records, (account) => (account === 2 ? failed(7) : last(6)), hour * 3_600_000).map(
      ({ account }) => account,
    );
  expect([0, 1, 2, 3, 4].map(order)).toEqual([
    ...[
      [1, 3, 4, 2],
      [3, 4, 1, 2],
      [3, 4, 1, 2],
      [4, 1, 3, 2],
      [1, 3, 4, 2],
    ],
  ]);
  expect(bringTurns([], () => undefined, 5)).toEqual([]);
});

test("the time for an account's files follows its disk limit, up to six hours", () => {
  expect([10e9, 1e15, undefined].map(longestFor)).toEqual([6800, 21_600, 21_600]);
});

test("a backup is young for 12 hours, and for half of the minutes of an account with a standby", () => {
  expect([undefined, 60, 15].map((minutes) => recentFor(minutes) / 60_000)).toEqual([720, 30, 7.5]);
});

test("what was stored without all databases is not made again at each look of an account with a standby; without a standby it is tried again", () => {
  const now = Date.parse(at(8));
  const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  const state = (minutes: number, repository?: string): BackupState => ({
    ...last(1),
    failed: {
      ...{ time: minutesAgo(minutes), why: "no dump" },
      ...(repository && { stored: { time: minutesAgo(minutes), repository } }),
    },
  });
  expect(isDue(state(3, "web1.1.7.1"), 15, now)).toBe(false);
  expect(isDue(state(8, "web1.1.7.1"), 15, now)).toBe(true);
  expect(isDue(state(3), 15, now)).toBe(true);
  // After another run that could not reach the backup host, too.
  const away = failedState(state(3, "web1.1.7.1"), { time: minutesAgo(1), why: "cannot be reached" });
  expect([3, 8].map((later) => isDue(away, 15, now + later * 60_000))).toEqual([false, true]);
  expect(isDue(state(3, "web1.1.7.1"), undefined, now)).toBe(true);
  expect([isDue(undefined, 15, now), isDue(last(8), 15, now)]).toEqual([true, false]);
});

test("one account has a quarter of the shortest minutes of its host; what takes longer is for the daily run, which begins then and after an hour at most", () => {
  expect([[60, 15, 30], [60], []].map(shareOf)).toEqual([225, 900, Infinity]);
  const now = Date.parse(at(8));
  const state = (minutes: number, slow?: true): BackupState => ({
    ...last(1),
    failed: { time: new Date(now - minutes * 60_000).toISOString(), why: "it takes longer", ...(slow && { slow }) },
  });
  expect([undefined, last(1), state(3), state(3, true)].map(isForDay)).toEqual([false, false, false, true]);
  // Also a clock that was ahead holds it up no longer.
  expect([state(3, true), state(61, true), state(-61, true)].map((each) => dayHelps(each, now))).toEqual([
    ...[false, true, true],
  ]);
});

test("the oldest copy is fetched first, what failed comes last, and one run goes on with one copy alone that takes long", () => {
  const compared = (day: number) => ({ compared: at(day) });
  const late = (day: number, slow?: true) => ({ failed: { time: at(day), why: "no", ...(slow && { slow }) } });
  const turns = [
    { account: 1, before: { ...compared(1), ...late(6, true) } },
    { account: 2, before: compared(5) },
    { account: 3, before: undefined },
    { account: 4, before: { ...late(5, true) } },
    { account: 5, before: { ...compared(4), ...late(4) } },
  ];
  const inOrder = fetchTurns(turns);
  expect(inOrder.map(({ account }) => account)).toEqual([3, 2, 5, 4, 1]);
  expect(inOrder.filter(({ waits }) => waits).map(({ account }) => account)).toEqual([1]);
});

test("the first backup of a day goes to the repository, the others to its branch of that day", () => {
  const repository: Repository = { host: "web1", epoch: 1, days: 30, period: 690 };
  const [now, days] = [new Date("2026-11-29T12:00:00Z"), Date.parse("2026-11-29") / 86_400_000];
  const branch = { ...repository, day: days };
  const after = (name: string, time: string) =>
    branchFor(repository, now, { last: { repository: name, time } } as BackupState, true);
  expect(repositoryName(branch)).toBe(`web1.1.30.690.${days}`);
  expect([readRepositoryName(repositoryName(branch)), readRepositoryName("web1.1.30.690")]).toEqual([
    branch,
    repository,
  ]);
  expect([repositoryName(branch), repositoryName(repository), "other"].map(isBranch)).toEqual([true, false, false]);
  const today = "2026-11-29T00:10:00.000Z";
  expect([true, false].map((isWhole) => branchFor(repository, now, undefined, isWhole))).toEqual([
    undefined,
    undefined,
  ]);
  expect(after("web1.1.30.690", today)).toEqual(branch);
  expect(after(repositoryName(branch), today)).toEqual(branch);
  expect(after("web1.1.30.690", "2026-11-28T23:50:00.000Z")).toBeUndefined();
  // Another one has just begun, because its time has come or the master secret was rotated.
  expect(after("web1.1.30.689", today)).toBeUndefined();
});

test("a database that is never dumped sends one backup of a day to the repository, not each; the first whole one goes there all the same", () => {
  const repository: Repository = { host: "web1", epoch: 1, days: 30, period: 690 };
  let state: BackupState | undefined = {
    last: { time: "2026-11-28T23:50:00.000Z", repository: "web1.1.30.690" },
  } as BackupState;
  /** Where runs of a day go, each of which stores all, or lacks a database, or does not reach the backup host. */
  const runs = (day: number, ...what: readonly ("whole" | "partly" | "away")[]) =>
    what.map((how, hour) => {
      const now = new Date(Date.UTC(2026, 10, day, hour));
      const time = now.toISOString();
      if (how === "away") {
        state = failedState(state, { time, why: "cannot be reached" });
        return how;
      }
      const branch = branchFor(repository, now, state, how === "whole");
      const stored = { time, repository: repositoryName(branch ?? repository) };
      state =
        how === "whole"
          ? { last: { ...state?.last, ...stored } as NonNullable<BackupState["last"]> }
          : failedState(state, { time, why: "no dump", stored });
      return branch ? "branch" : "repository";
    });
  const branches = (count: number) => Array.from({ length: count }, () => "branch");
  expect(runs(29, "partly", "partly", "partly")).toEqual(["repository", ...branches(2)]);
  expect(runs(30, "partly", "away", "partly", "partly", "whole", "partly", "whole")).toEqual([
    ...["repository", "away", ...branches(2), "repository", ...branches(2)],
  ]);
  state = undefined;
  expect(runs(31, "partly", "partly", "whole", "whole")).toEqual(["repository", "branch", "repository", "branch"]);
});
