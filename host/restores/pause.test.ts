import { expect, test } from "vitest";
import type { RestoreState } from "../store/restores.ts";
import { isPaused, pauseAfter, withTry } from "./pause.ts";

const minute = 60_000;
const begun = Date.parse("2026-11-30T00:00:00Z");
const due: RestoreState = { id: "x", phase: "due", since: "2026-11-30T00:00:00Z" };

test("a restore that reaches no backup host is tried less and less often, but each hour", () => {
  expect([1, 2, 3, 4, 5, 50].map((tries) => pauseAfter(tries) / minute)).toEqual([5, 10, 20, 40, 60, 60]);
  const twice = withTry(withTry(due, "away", begun), "away", begun);
  expect(twice).toMatchObject({ tries: 2, why: "away", tried: "2026-11-30T00:00:00.000Z" });
  expect([9, 10].map((minutes) => isPaused(twice, begun + minutes * minute))).toEqual([true, false]);
});

test("one that was never tried, or that is under way, does not wait; nor does one that a clock ahead has tried", () => {
  expect(isPaused(due, begun)).toBe(false);
  const tried = withTry(due, "away", begun);
  expect(isPaused({ ...tried, phase: "switching" }, begun)).toBe(false);
  expect(isPaused(tried, begun - 86_400_000)).toBe(false);
});
