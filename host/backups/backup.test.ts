import { expect, test } from "vitest";
import { inTurn, longestFor, recentFor } from "./backup.ts";
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
