import { LockedError } from "./lock/lock.ts";
import { endOrphans } from "./lock/orphans.ts";
import { type Life, lifeOf, ownerWords, self } from "./lock/owner.ts";
import { type DeployRecord, ended, readRecords, writeRecord } from "./record.ts";

/** What earlier deploys say that matters to this one. */
export interface Past {
  /** Process ids of engines that own records name. */
  readonly engines: readonly number[];
}

/**
 * Ends what dead deploys have left: their processes and their records. To be called with the deploy lock held, so that no living
 * one of this machine is met.
 * @throws LockedError for a record of a deploy that may still live
 */
export async function recover(directory: string, say: (text: string) => void): Promise<Past> {
  const me = await self();
  const records = await readRecords(directory, (file) => say(`${file} is no record of a deploy: left alone.\n`));
  for (const record of records.filter(({ result }) => result === "running")) {
    refuseLiving(record, await lifeOf(record.owner, me), directory);
    say(`The deploy ${record.id} of ${ownerWords(record.owner)} was killed.\n`);
    await endOrphans(record.id, say);
    await writeRecord(directory, ended(record, "interrupted", new Date(), "its process is gone"));
  }
  return {
    engines: records.flatMap(({ engine, owner }) => (owner.machine === me.machine && engine ? engine.pid : [])),
  };
}

function refuseLiving({ id, owner, began }: DeployRecord, life: Life, directory: string): void {
  switch (life) {
    case "dead":
      return;
    case "alive":
      throw new LockedError(`The deploy ${id} of ${ownerWords(owner)} is at work since ${began}; nothing was touched.`);
    case "elsewhere":
      throw new LockedError(
        `The deploy ${id} of ${ownerWords(owner)} began ${began} and has no end; whether it still runs cannot be seen from here: look there. If that machine is gone for good, remove ${directory}/${id}.json.`,
      );
    default:
      life satisfies never;
  }
}
