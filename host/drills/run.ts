import { join } from "node:path";
import { usualProofDays } from "../../delivery/protocol/proofs.ts";
import { take } from "../../lib/kernel-lock.ts";
import { sampleOf } from "../../lib/sample.ts";
import { backupsOf } from "../backups/keepers.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { drill, removeLeft } from "./drill.ts";
import { beginProofs, keepProof, provenOf } from "./proofs.ts";

/** Milliseconds after which a run of the timer begins no other account: the next day goes on. */
const longest = 2 * 3_600_000;

/** Milliseconds. */
const day = 86_400_000;

/**
 * Restores the newest backups of accounts as drills, one after the other, and keeps what was seen, signed.
 * @param only numbers of accounts; without any, all that have a backup site
 * @param due only those whose proof has reached half of the age that the plan allows, and as many of them as two hours let pass: a random sample each
 *   day, in which all come in their time
 * @returns a line for each account whose backup could not be restored
 */
export async function drillAccounts(machine: Machine, only: readonly number[], due: boolean): Promise<string[]> {
  machine.disk.makeDirectory(machine.layout.jobs, 0o700);
  const release = await take(join(machine.layout.jobs, "drill.lock"), 1);
  if (!release) throw new ApplyError("another drill has been running on this host: wait for it");
  try {
    beginProofs(machine);
    await machine.run("systemctl", [
      "stop",
      "--quiet",
      "fairhost-backup-*-load.service",
      "fairhost-backup-*-compare.service",
    ]);
    removeLeft(machine);
    const { bundle } = readCurrent(machine);
    const records = backupsOf(bundle);
    const unknown = only.filter((number) => !records.some(({ account }) => account === number));
    if (unknown.length > 0) {
      throw new ApplyError(`account ${unknown.join(", ")} is not on this host, or its site has no backup site`);
    }
    const chosen: number[] = [];
    for (const { account, proofDays = usualProofDays } of records) {
      if (only.length > 0 && !only.includes(account)) continue;
      const { last } = due ? await provenOf(machine, bundle.host, account) : {};
      const age = last ? Date.now() - Date.parse(last.time) : Infinity;
      if (age < 0 || age >= (proofDays * day) / 2) chosen.push(account);
    }
    const wrong: string[] = [];
    const begun = performance.now();
    for (const account of sampleOf(chosen, chosen.length)) {
      if (due && performance.now() - begun > longest) break;
      const proof = await drill(machine, bundle, account);
      await keepProof(machine, proof);
      const { outcome, files, databases, seconds } = proof;
      if (outcome === "failed")
        wrong.push(`account ${account}: its backup was not restored: ${proof.wrong.join("; ")}`);
      else
        machine.say(
          `account ${account}: restored ${files.restored} files (${files.identical} compared) and ${databases.length} databases in ${seconds.restore} s`,
        );
    }
    return wrong;
  } finally {
    await release();
  }
}
