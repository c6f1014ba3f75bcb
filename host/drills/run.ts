import { join } from "node:path";
import { type Proof, usualProofDays } from "../../delivery/protocol/proofs.ts";
import { take } from "../../lib/kernel-lock.ts";
import { sampleOf } from "../../lib/sample.ts";
import { backupsOf } from "../backups/keepers.ts";
import { Unreachable } from "../backups/restic.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { end as endAsked } from "./ask.ts";
import { drill, removeLeft } from "./drill.ts";
import { beginProofs, keepProof, provenOf, removeOld } from "./proofs.ts";
import { keepUntried } from "./untried.ts";

/** Milliseconds after which a run of the timer begins no other account: the next day goes on. */
const longest = 2 * 3_600_000;

/** Milliseconds. */
const day = 86_400_000;

/**
 * Restores the newest backups of accounts as drills, one after the other, and keeps what was seen, signed.
 * @param only numbers of accounts; without any, all that have a backup site
 * @param due only those whose proof has reached half of the age that the plan allows, and as many of them as two hours let pass: a random sample each
 *   day, in which all come in their time
 * @returns a line for each account whose backup could not be restored; if the backup host is away, that is only said in a run of the timer
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
    await endAsked(machine, "*");
    await removeLeft(machine);
    const { bundle } = readCurrent(machine);
    const records = backupsOf(bundle);
    const unknown = only.filter((number) => !records.some(({ account }) => account === number));
    if (unknown.length > 0) {
      throw new ApplyError(`account ${unknown.join(", ")} is not on this host, or its site has no backup site`);
    }
    const here = new Set(records.map(({ account }) => account));
    removeOld(machine, here);
    const chosen: typeof records = [];
    for (const record of records) {
      const { account, proofDays = usualProofDays } = record;
      if (only.length > 0 && !only.includes(account)) continue;
      const { last } = due ? await provenOf(machine, bundle.host, account) : {};
      const age = last ? Date.now() - Date.parse(last.time) : Infinity;
      if (!(age < (proofDays * day) / 2)) chosen.push(record);
    }
    const wrong: string[] = [];
    const tried = new Set<number>();
    const untried = new Map<number, string>();
    /** Sites whose backup host is away: each account would wait as long for it. */
    const away = new Map<string, string>();
    const begun = performance.now();
    for (const { account, site } of sampleOf(chosen, chosen.length)) {
      if (due && performance.now() - begun > longest) break;
      let proof: Proof | undefined;
      try {
        if (!away.has(site)) proof = await drill(machine, bundle, account);
      } catch (error) {
        if (!(error instanceof Unreachable)) {
          wrong.push(`account ${account}: its drill has no result: ${(error as Error).message}`);
          continue;
        }
        away.set(site, error.message);
      }
      if (!proof) {
        untried.set(account, away.get(site)!);
        continue;
      }
      await keepProof(machine, proof);
      tried.add(account);
      const { outcome, files, databases, seconds, asked } = proof;
      const answered =
        asked &&
        `; restored ${asked.server} ${asked.status === undefined ? `gave no answer: ${asked.why}` : `answered ${asked.status}`}`;
      if (outcome === "failed")
        wrong.push(`account ${account}: its backup was not restored: ${proof.wrong.join("; ")}`);
      else
        machine.say(
          `account ${account}: restored ${files.restored} files (${files.identical} compared) and ${databases.length} databases in ${seconds.restore} s${answered ?? ""}`,
        );
    }
    keepUntried(machine, here, tried, untried);
    const lines = [...untried].map(([account, why]) => `account ${account}: no drill could be tried: ${why}`);
    if (!due) return [...wrong, ...lines];
    // Drift says it, and after some days that somebody has to do something.
    for (const line of lines) machine.say(line);
    return wrong;
  } finally {
    await release();
  }
}
