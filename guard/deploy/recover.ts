import { openMoves } from "./hosts/moves.ts";
import type { PastEngine } from "./lock/engine-lock.ts";
import { LockedError } from "./lock/lock.ts";
import { endOrphans } from "./lock/orphans.ts";
import { type Life, lifeOf, ownerWords, self } from "./lock/owner.ts";
import { type DeployRecord, ended, type Move, readRecords, restrictRecords, writeRecord } from "./record.ts";

/** Facts about earlier deploys that this one needs. */
export interface Past {
  /** The engines in all records, newest first. */
  readonly engines: readonly PastEngine[];
  /** Accounts whose move did not end well. */
  readonly moves: readonly Move[];
}

/**
 * Cleans up after dead deploys: ends their processes and their records. Call it while holding the deploy lock, so that no other deploy
 * of this machine runs.
 * @throws LockedError for a record of a deploy that may still run
 */
export async function recover(directory: string, say: (text: string) => void): Promise<Past> {
  const me = await self();
  await restrictRecords(directory);
  const records = await readRecords(directory, (file) => say(`${file} is not a record of a deploy; ignored.\n`));
  for (const record of records.filter(({ result }) => result === "running")) {
    refuseLiving(record, await lifeOf(record.owner, me), directory);
    say(`Deploy ${record.id} of ${ownerWords(record.owner)} was killed; cleaning up after it.\n`);
    await endOrphans(record.id, say);
    await writeRecord(directory, ended(record, "interrupted", new Date(), "its process is gone"));
  }
  const engines = records.flatMap(({ engine, owner, began }) => (engine ? { ...owner, ...engine, began } : []));
  return { engines: engines.reverse(), moves: openMoves(records) };
}

function refuseLiving({ id, owner, began }: DeployRecord, life: Life, directory: string): void {
  switch (life) {
    case "dead":
      return;
    case "alive":
      throw new LockedError(
        `Deploy ${id} of ${ownerWords(owner)} has been running since ${began}; nothing was touched.`,
      );
    case "elsewhere":
      throw new LockedError(
        `Deploy ${id} of ${ownerWords(owner)} began ${began} and has not ended. This machine cannot see whether it still runs: check on ${owner.hostname}. If that machine is gone for good, remove ${directory}/${id}.json.`,
      );
    default:
      life satisfies never;
  }
}
