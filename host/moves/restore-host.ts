import { ApplyError, type Machine } from "../os/machine.ts";
import { awaitedAccounts } from "../store/awaited.ts";
import { awaited, readDelivered } from "../store/moving.ts";
import { NoBackup, restoreLost } from "./restore-lost.ts";
import { moveState } from "./state.ts";
import { empty, land } from "./steps.ts";

/**
 * Restores accounts that this host had when it was another machine, from its own newest backups, and starts each as soon as its data is whole. What an interrupted
 * run has done is not done again.
 * @param only numbers of accounts; without any, all that wait
 * @returns a line for each account that runs again, and one for each that does not: it stays held
 * @throws ApplyError if one of `only` does not wait
 */
export async function restoreHost(
  machine: Machine,
  only: readonly number[],
): Promise<{ readonly done: readonly string[]; readonly wrong: readonly string[] }> {
  const waiting = awaitedAccounts(machine, readDelivered(machine).host);
  const others = only.filter((number) => !waiting.includes(number));
  if (others.length > 0)
    throw new ApplyError(`account ${others.join(", ")} does not wait for a backup that this host has made`);
  const done: string[] = [];
  const wrong: string[] = [];
  for (const number of only.length > 0 ? only : waiting) {
    try {
      const { restoring, databases } = moveState(machine, number);
      if (restoring === awaited && databases.length > 0) await empty(machine, number);
      const from = await restoreLost(machine, number);
      await land(machine, number);
      done.push(`account ${number}: runs, restored from ${from}; what came later is lost`);
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error;
      // Nobody is told to begin an account empty because a backup host does not answer.
      const without = `to start it without its data: \`fairhost-host move ${number} land-without-backup\``;
      const next = error instanceof NoBackup ? without : "remove the cause, then run this again";
      wrong.push(`account ${number} is held: ${error.message}; ${next}`);
    }
  }
  return { done, wrong };
}
