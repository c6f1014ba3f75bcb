import { readdir, readFile } from "node:fs/promises";
import { endProcess, identify, type ProcessId } from "../../../toolchain/system/processes.ts";

/** Says in the environment of an engine, and of everything it starts, which deploy they belong to. */
export const deployVariable = "FAIRHOST_DEPLOY";

/** Milliseconds that an engine gets to end what it does on a host and to save the state. */
const engineGrace = 60_000;
const grace = 3_000;

/** Processes that a deploy has started, by the mark in their environment: nothing else proves it once their parent is gone. The engine first. */
export async function processesOf(deploy: string): Promise<(ProcessId & { readonly name: string })[]> {
  const found: (ProcessId & { name: string })[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    // Other users' processes cannot be read, and are not ours to end.
    const environment = await readFile(`/proc/${entry}/environ`, "latin1").catch(() => "");
    if (!environment.split("\0").includes(`${deployVariable}=${deploy}`)) continue;
    const name = (await readFile(`/proc/${entry}/comm`, "utf8").catch(() => "")).trim();
    const id = await identify(Number(entry));
    if (id) found.push({ ...id, name });
  }
  return found.sort((left, right) => Number(right.name === "pulumi") - Number(left.name === "pulumi"));
}

/**
 * Ends what a dead deploy has left running, and waits until it is gone. The engine may first end its step in good order.
 * @returns how many there were
 */
export async function endOrphans(deploy: string, say: (text: string) => void): Promise<number> {
  const left = await processesOf(deploy);
  for (const orphan of left) {
    const engine = orphan.name === "pulumi";
    if (engine)
      say(`Its engine (process ${orphan.pid}) is still at work: asked to end, up to ${engineGrace / 1000} s.\n`);
    await endProcess(orphan, engine ? engineGrace : grace);
  }
  return left.length;
}
