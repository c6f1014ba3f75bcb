import { isAhead } from "../../delivery/protocol/proofs.ts";
import type { RestoreState } from "../store/restores.ts";

const minute = 60_000;

/** Milliseconds until the timer tries again what could not reach a backup host: five minutes after the first time, twice as long after each more, an hour at most. */
export const pauseAfter = (tries: number) => Math.min(5 * 2 ** (tries - 1), 60) * minute;

/** What is known after one more run that could not reach a backup host. */
export function withTry(state: RestoreState, why: string, now: number): RestoreState {
  return { ...state, why, tries: (state.tries ?? 0) + 1, tried: new Date(now).toISOString() };
}

/** Whether the timer leaves one alone for now. One that was tried by a clock that was ahead does not wait for that time. */
export function isPaused({ phase, tries, tried }: RestoreState, now: number): boolean {
  if (phase !== "due" || tries === undefined || tried === undefined) return false;
  const then = Date.parse(tried);
  // Its timer comes up to a quarter of a minute early.
  return !isAhead(then, now) && now - then < pauseAfter(tries) - minute / 2;
}
