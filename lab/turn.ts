import type { Progress } from "./image/tree.ts";
import { type Holder, holderOf, holderWords, lock } from "./lock.ts";

/** One for all checkouts and all labs of the machine, whatever their name: two labs at once would also share its cores and memory. */
const turnFile = "/run/fairhost-lab-tests.flock";

/** Seconds that tests wait for others: the longest of them, the end-to-end tests, take about half of it on two busy cores. */
export const turnSeconds = 3600;

/**
 * Waits until no other test on this machine uses a lab, whatever checkout it is of. The turn ends with this process at the latest.
 * @throws LabError with the other test's process and checkout, when the time is up
 */
export function takeTurn(
  progress: Progress,
  file: string = turnFile,
  seconds: number = turnSeconds,
): Promise<AsyncDisposable> {
  return lock(
    file,
    (holder) => progress(`waiting up to ${seconds} s for the lab of other tests: ${holderWords(holder)}`),
    seconds,
  );
}

/** The test that has its turn now. */
export function testInTurn(): Promise<Holder | undefined> {
  return holderOf(turnFile);
}
