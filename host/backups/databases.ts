import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { dumpPart, requireRoom } from "../archives/archive.ts";
import { dumpRoom, OwnDump, writeDump } from "../archives/dumps.ts";
import { enginesIn, servers } from "../os/databases/databases.ts";
import type { Machine } from "../os/machine.ts";

/** Beside the dumps, if there are any: databases without a dump because of what is in them, by the name of the dump, and why. */
export const refusedName = "refused-dumps.json";

/** Dumps the account's databases. @param over ends it when its time is over @returns those that could not be, and why: neither an account nor its server keeps files from being backed up */
export async function spoolDatabases(
  machine: Machine,
  account: number,
  source: string,
  directory: string,
  over: AbortSignal,
): Promise<string[]> {
  const failed: string[] = [];
  const refused: Record<string, string> = {};
  const engines = enginesIn(source);
  // It reads all that is declared of the host.
  const room = engines.length > 0 ? await dumpRoom(machine, account) : undefined;
  for (const engine of engines) {
    const { listed, dump } = servers[engine];
    let names: readonly string[] = [];
    try {
      await requireRoom(machine, join(source, engine));
      names = await listed(machine, `a${account}`);
    } catch (error) {
      failed.push(`databases of ${engine}: ${(error as Error).message}`);
    }
    for (const name of names) {
      const file = join(directory, dumpPart(engine, name));
      try {
        await writeDump(machine, file, dump(name), room!, over);
      } catch (error) {
        // The others have its room.
        if (existsSync(file)) room!.left += statSync(file).size;
        machine.disk.remove(file);
        failed.push(`${engine} ${name}: ${(error as Error).message}`);
        if (error instanceof OwnDump) refused[dumpPart(engine, name)] = error.message;
      }
    }
  }
  if (Object.keys(refused).length > 0)
    machine.disk.create(join(directory, refusedName), `${JSON.stringify(refused)}\n`, 0o600, { sync: false });
  return failed;
}
