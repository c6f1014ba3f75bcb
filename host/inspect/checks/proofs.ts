import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import type { Difference } from "../../../delivery/protocol/inspection.ts";
import { isAhead, usualProofDays } from "../../../delivery/protocol/proofs.ts";
import { count } from "../../../lib/text/text.ts";
import { backupsOf } from "../../backups/keepers.ts";
import { drilledSince, proofsBegan, provenOf, storedProofs } from "../../drills/proofs.ts";
import { readUntried } from "../../drills/untried.ts";
import type { Machine } from "../../os/machine.ts";

/** Milliseconds. */
const day = 86_400_000;

/** Part of its time after which a proof that no drill has renewed is announced as ending. Drills renew it after half of it. */
const announced = 0.75;

/** Milliseconds: a backup host that is away for that long is not only restarted. */
const patience = 2 * day;

/** Accounts of which nobody has proven for too long that their backup can be restored, drills that failed or could not be tried, and records that somebody has changed. */
export async function lookAtProofs(machine: Machine, bundle: Bundle, now = Date.now()): Promise<Difference[]> {
  const stored = storedProofs(machine);
  const began = proofsBegan(machine);
  const untried = readUntried(machine);
  const differences: Difference[] = [];
  for (const { account, proofDays = usualProofDays } of backupsOf(bundle)) {
    const { last, failed, invalid } = await provenOf(machine, bundle.host, account, stored, now);
    const about = { group: `account-${account}`, what: `account ${account}` } as const;
    const again = `by hand: run \`fairhost-host drill ${account}\`` as const;
    if (invalid !== undefined) {
      const message = `the record of the last drill of account ${account} is not valid: ${invalid}`;
      differences.push({ ...about, kind: "proof-invalid", message, repaired: again });
    }
    if (failed) {
      const message = `the backup of account ${account} was not restored by the drill of ${failed.time}: ${failed.wrong.join("; ")}`;
      const repaired =
        "by hand: remove the cause, back the account up, and drill it again (docs/how-to/operate/backups.md)" as const;
      differences.push({ ...about, kind: "proof-failed", message, repaired });
    }
    const { since: first, why } = untried[account] ?? {};
    if (first !== undefined) {
      const message = `no drill could be tried with the backup of account ${account} since ${first}: ${why}`;
      const repaired =
        "by hand: bring the backup host, or the way to it, back (docs/how-to/operate/backups.md)" as const;
      const isShort = now - Date.parse(first) < patience && !isAhead(first, now);
      differences.push({ ...about, kind: "proof-untried", message, repaired, ...(isShort && { note: true }) });
    }
    const since = last ? Date.parse(last.time) : drilledSince(machine, account, now, began);
    const [age, promised] = [since === undefined ? Infinity : now - since, proofDays * day];
    if (age < promised * announced) continue;
    const newest = last ? `it was last restored on ${last.time}` : "it was never restored";
    const left = Math.max(1, Math.ceil((promised - age) / day));
    differences.push({
      ...about,
      kind: "proof-late",
      message:
        age < promised
          ? `the proof that the backup of account ${account} can be restored ends in ${count(left, "day")}: ${newest}`
          : `there is no proof of the last ${count(proofDays, "day")} that the backup of account ${account} can be restored: ${newest}`,
      repaired: `by hand: see \`journalctl -u fairhost-drill\`, then run \`fairhost-host drill ${account}\``,
      ...(age < promised && { note: true }),
    });
  }
  return differences;
}
