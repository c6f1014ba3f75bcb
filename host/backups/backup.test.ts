import { expect, test } from "vitest";
import { inTurn, isDue, longestFor, recentFor } from "./backup.ts";
import { branchFor, isBranch, type Repository, readRepositoryName, repositoryName } from "./keepers.ts";
import type { BackupState } from "./state.ts";

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
    failed: { time: minutesAgo(minutes), why: "no dump", ...(repository && { repository }) },
  });
  expect(isDue(state(3, "web1.1.7.1"), 15, now)).toBe(false);
  expect(isDue(state(8, "web1.1.7.1"), 15, now)).toBe(true);
  expect(isDue(state(3), 15, now)).toBe(true);
  expect(isDue(state(3, "web1.1.7.1"), undefined, now)).toBe(true);
  expect([isDue(undefined, 15, now), isDue(last(8), 15, now)]).toEqual([true, false]);
});

test("the first backup of a day goes to the repository, the others to its branch of that day", () => {
  const repository: Repository = { host: "web1", epoch: 1, days: 30, period: 690 };
  const [now, days] = [new Date("2026-11-29T12:00:00Z"), Date.parse("2026-11-29") / 86_400_000];
  const branch = { ...repository, day: days };
  const after = (name: string, time: string) => branchFor(repository, now, { repository: name, time });
  expect(repositoryName(branch)).toBe(`web1.1.30.690.${days}`);
  expect([readRepositoryName(repositoryName(branch)), readRepositoryName("web1.1.30.690")]).toEqual([
    branch,
    repository,
  ]);
  expect([repositoryName(branch), repositoryName(repository), "other"].map(isBranch)).toEqual([true, false, false]);
  const today = "2026-11-29T00:10:00.000Z";
  expect(branchFor(repository, now, undefined)).toBeUndefined();
  expect(after("web1.1.30.690", today)).toEqual(branch);
  expect(after(repositoryName(branch), today)).toEqual(branch);
  expect(after("web1.1.30.690", "2026-11-28T23:50:00.000Z")).toBeUndefined();
  // Another one has just begun, because its time has come or the master secret was rotated.
  expect(after("web1.1.30.689", today)).toBeUndefined();
});
