import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../toolchain/system/processes.ts";
import { LabError } from "./errors.ts";
import { recordedServices } from "./machine/services.ts";
import { networkProcesses, removeNetwork } from "./network/router.ts";
import { inThisLab, runtimeDirectory } from "./paths.ts";
import { testInTurn } from "./turn.ts";

const claim = join(runtimeDirectory, "checkout");

/** The checkout that was the last to bring its lab up on this machine. */
function claimant(): Promise<string | undefined> {
  return readFile(claim, "utf8").catch(() => undefined);
}

/** Whether anything of its lab runs: a process in the lab's network, or a recorded one. */
async function runs(checkout: string): Promise<boolean> {
  if ((await networkProcesses()).length > 0) return true;
  return (await Promise.all(recordedServices(checkout).map(isAlive))).includes(true);
}

/** @throws LabError while the lab of another checkout than this one is up, with the way to take it down */
export async function refuseOtherLab(checkout: string): Promise<void> {
  const other = await claimant();
  if (other === undefined || other === checkout || !(await runs(other))) return;
  const test = await testInTurn();
  throw new LabError(
    `the lab of another checkout is up on this machine: ${other}`,
    test?.checkout === other
      ? `wait until its tests have ended (process ${test.pid}); they take it down`
      : `take it down if nobody needs it, from any checkout: ${inThisLab("npm run lab -- down --checkout", other)}`,
  );
}

/**
 * Records the checkout whose lab is up on this machine, and removes what a killed lab of another has left. Only while the lab is
 * locked, after {@link refuseOtherLab}.
 */
export async function claimMachine(checkout: string): Promise<void> {
  const other = await claimant();
  if (other !== undefined && other !== checkout) {
    await removeNetwork();
    await rm(runtimeDirectory, { recursive: true, force: true });
  }
  await mkdir(runtimeDirectory, { recursive: true, mode: 0o700 });
  await writeFile(claim, checkout);
}
