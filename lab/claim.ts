import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../toolchain/system/processes.ts";
import { LabError } from "./errors.ts";
import { recordedServices } from "./machine/services.ts";
import { networkIsUp } from "./network/router.ts";
import { inThisLab, runtimeDirectory } from "./paths.ts";
import { testInTurn } from "./turn.ts";

const claim = join(runtimeDirectory, "checkout");

/** The checkout whose lab is up on this machine, or has left a process behind. */
async function claimant(): Promise<string | undefined> {
  const checkout = await readFile(claim, "utf8").catch(() => undefined);
  if (checkout === undefined) return undefined;
  if (networkIsUp()) return checkout;
  const alive = await Promise.all(recordedServices(checkout).map(isAlive));
  return alive.includes(true) ? checkout : undefined;
}

/** @throws LabError while the lab of another checkout than this one is up, with the way to take it down */
export async function refuseOtherLab(checkout: string): Promise<void> {
  const other = await claimant();
  if (other === undefined || other === checkout) return;
  const test = await testInTurn();
  throw new LabError(
    `the lab of another checkout is up on this machine: ${other}`,
    test?.checkout === other
      ? `wait until its tests have ended (process ${test.pid}); they take it down`
      : `take it down if nobody needs it, from any checkout: ${inThisLab("npm run lab -- down --checkout", other)}`,
  );
}

/** Records the checkout whose lab is up on this machine. Only while the lab is locked, after {@link refuseOtherLab}. */
export async function claimMachine(checkout: string): Promise<void> {
  await mkdir(runtimeDirectory, { recursive: true, mode: 0o700 });
  await writeFile(claim, checkout);
}
