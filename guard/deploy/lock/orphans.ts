import { readdir, readFile } from "node:fs/promises";
import { endProcess, identify, type ProcessId } from "../../../toolchain/system/processes.ts";

/** Environment variable that marks an engine, and every process it starts, with their deploy. */
export const deployVariable = "FAIRHOST_DEPLOY";

/** Milliseconds that an engine gets to finish its step on a host and to save the state. */
const engineGrace = 60_000;
const grace = 3_000;

/** Processes that a deploy has started, the engine first. Once their parent is gone, only the mark in their environment proves it. */
export async function processesOf(deploy: string): Promise<(ProcessId & { readonly name: string })[]> {
  const found: (ProcessId & { name: string })[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // Processes of other users cannot be read and must not be ended.
    const environment = await readFile(`/proc/${entry}/environ`, "latin1").catch(() => "");
    if (!environment.split("\0").includes(`${deployVariable}=${deploy}`)) continue;
    const name = (await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "")).trim();
    const id = await identify(Number(entry));
    if (id) found.push({ ...id, name });
  }
  return found.sort((left, right) => Number(right.name === "pulumi") - Number(left.name === "pulumi"));
}

/**
 * Ends processes that a dead deploy left running, and waits until they are gone. The engine may first finish its step.
 * @returns how many there were
 */
export async function endOrphans(deploy: string, say: (text: string) => void): Promise<number> {
  const left = await processesOf(deploy);
  for (const orphan of left) {
    const engine = orphan.name === "pulumi";
    if (engine)
      say(`Its engine (process ${orphan.pid}) still runs; waiting up to ${engineGrace / 1000} s for it to end.\n`);
    await endProcess(orphan, engine ? engineGrace : grace);
  }
  return left.length;
}
