import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { enginesIn } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { removeMarks } from "../store/moving.ts";
import {
  accountDirectory,
  archivedAccounts,
  archivesOf,
  begunName,
  filesAlone,
  must,
  readArchives,
  removeArchive,
  removeTree,
  requireQuiet,
  verify,
  withArchives,
} from "./archives.ts";

/** What an interrupted removal goes on with. */
const removedName = "removed";

/** Milliseconds after which a directory without a record is what a killed run has left. */
const abandoned = 2 * 86_400_000;

/**
 * Removes the data of an account that is no longer declared here: only if its newest archive has all of it.
 * @throws ApplyError if it is declared, or has no archive, or has changed since: nothing was changed then
 */
export function removeData(machine: Machine, number: number): Promise<string> {
  return withArchives(machine, number, async () => {
    const source = accountDirectory(machine, number);
    const aside = join(archivesOf(machine, number), removedName);
    if (existsSync(source)) {
      await requireArchived(machine, number, source);
      // In one step: what is left of an interrupted removal is not the account's directory any more.
      if (existsSync(aside)) await removeTree(machine, aside);
      machine.disk.rename(source, aside);
      removeMarks(machine, number, "superseded");
    }
    if (!existsSync(aside) && readArchives(machine, number).whole.length === 0) {
      throw new ApplyError(`account ${number} has neither data nor an archive on this host`);
    }
    await removeTree(machine, aside);
    return source;
  });
}

async function requireArchived(machine: Machine, number: number, source: string): Promise<void> {
  if ((await requireQuiet(machine, number)).declared) {
    throw new ApplyError(`account ${number} is declared on this host: delete or move it first, then try again`);
  }
  const newest = readArchives(machine, number).whole.at(-1);
  if (!newest) throw new ApplyError(`account ${number} has no archive: run \`fairhost-host archive ${number}\` first`);
  const since = ["-cnewer", join(newest.path, begunName)];
  const found = await must(machine, "find", [...filesAlone(source), ...since, "-print", "-quit"]);
  const [changed] = found.stdout.split("\n");
  if (changed) {
    throw new ApplyError(
      `${changed} has changed since the archive of ${newest.record.begun}: run \`fairhost-host archive ${number}\` again`,
    );
  }
  await verify(machine, newest);
  const [engine] = enginesIn(source);
  if (engine) {
    throw new ApplyError(
      `${join(source, engine)} still has databases of account ${number}: drop them on the server first`,
    );
  }
}

/**
 * Removes the archives whose time is over, and what killed runs have left. A timer runs it once a day.
 * @returns the removed paths
 * @throws ApplyError if archives of some accounts cannot be read or removed; those of the others were looked at all the same
 */
export async function purge(machine: Machine, now: Date): Promise<string[]> {
  const removed: string[] = [];
  const wrong: string[] = [];
  for (const number of archivedAccounts(machine)) {
    try {
      await withArchives(machine, number, async () => {
        const { whole, incomplete } = readArchives(machine, number);
        const due = [
          ...whole.filter(({ record }) => Date.parse(record.keepUntil) < now.getTime()).map(({ path }) => path),
          ...incomplete.filter((path) => now.getTime() - statSync(path).mtimeMs > abandoned),
        ];
        for (const path of due) {
          await removeArchive(machine, path);
          removed.push(path);
        }
      });
    } catch (error) {
      wrong.push(error instanceof ApplyError ? error.message : String(error));
    }
  }
  if (wrong.length > 0) throw new ApplyError([...removed.map((path) => `removed ${path}`), ...wrong].join("\n"));
  return removed;
}
