import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type EngineName, engineNames } from "../../delivery/protocol/databases.ts";
import { enginesIn, servers } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import {
  type ArchiveRecord,
  accountDirectory,
  archivesOf,
  begunName,
  bytesBelow,
  completeArchive,
  must,
  patience,
  readArchives,
  removeArchive,
  requireNoCopying,
  requireQuiet,
  withArchives,
} from "./archives.ts";
import { dumpRoom, reserve, writeDump } from "./dumps.ts";

/** Part with the account's files, and part with its logs, to which the front end may write while it is archived. */
export const filesPart = "files.tar.zst";
export const logsPart = "logs.tar.zst";

/** Part with a dump of a database. */
export const dumpPart = (engine: string, name: string) => `${engine}.${name}.dump`;

/** The database of which a part is a dump; undefined for files and logs. @throws ApplyError for a part that this release does not know */
export function databaseOf(part: string): { readonly engine: EngineName; readonly name: string } | undefined {
  if (part === filesPart || part === logsPart) return undefined;
  const [, word, name] = /^([a-z]+)\.(.+)\.dump$/.exec(part) ?? [];
  const engine = engineNames.find((known) => known === word);
  if (engine && name !== undefined) return { engine, name };
  throw new ApplyError(`${part} was made by a newer release, so this one cannot restore it; nothing was restored`);
}

/**
 * Archives the files, logs and databases of an account of which nothing runs: suspended, or no longer declared here. tar(1) follows no
 * symlink; links, holes, times, modes, attributes and access lists are kept.
 * @param keepDays days for which the archive is kept at least
 * @throws ApplyError if it cannot be whole: no archive is left then, and nothing else was changed
 */
export function archive(machine: Machine, number: number, keepDays: number): Promise<string> {
  return withArchives(machine, number, async () => {
    requireNoCopying(machine, number);
    const { declared } = await requireQuiet(machine, number);
    const source = accountDirectory(machine, number);
    if (!existsSync(source)) throw new ApplyError(`${source} is not there: account ${number} has no data on this host`);
    for (const path of readArchives(machine, number).incomplete) await removeArchive(machine, path);
    await requireRoom(machine, source);
    const begun = new Date();
    const path = join(archivesOf(machine, number), begun.toISOString().replaceAll(":", "-"));
    machine.disk.makeDirectory(path, 0o700);
    machine.disk.create(join(path, begunName), "", 0o600, { sync: false });
    const parts: Record<string, ArchiveRecord["parts"][string]> = {};
    try {
      for (const [name, write] of await partsOf(machine, number, source)) {
        machine.say(`account ${number}: writing ${name}`);
        const file = join(path, name);
        await write(file);
        const { stdout } = await must(machine, "sha256sum", ["--binary", file]);
        parts[name] = { bytes: statSync(file).size, sha256: stdout.replace(/^\\/, "").slice(0, 64) };
      }
      // A deploy that came meanwhile may have started it.
      if ((await requireQuiet(machine, number)).declared?.digest !== declared?.digest) {
        throw new ApplyError(`account ${number} was changed by a deploy meanwhile: try again`);
      }
      const keepUntil = new Date(begun.getTime() + keepDays * 86_400_000).toISOString();
      await completeArchive(machine, path, {
        format: 1,
        account: number,
        begun: begun.toISOString(),
        keepUntil,
        parts,
      });
    } catch (error) {
      await removeArchive(machine, path);
      const why = error instanceof ApplyError ? error.message : String(error);
      throw new ApplyError(`there is no archive of account ${number}, and nothing was deleted: ${why}`);
    }
    return path;
  });
}

type Part = readonly [name: string, write: (file: string) => Promise<unknown>];

async function partsOf(machine: Machine, number: number, source: string): Promise<Part[]> {
  const present = readdirSync(source);
  // Whatever a later release puts there is archived too; what a server of databases keeps there is dumped.
  const files = present.filter((name) => name !== "admin" && !engineNames.some((engine) => engine === name));
  const parts: Part[] = [[filesPart, (file) => tar(machine, file, source, files)]];
  // 1: a log grew meanwhile.
  if (present.includes("admin")) parts.push([logsPart, (file) => tar(machine, file, source, ["admin"], 1)]);
  const room = await dumpRoom(machine, number);
  for (const engine of enginesIn(source)) {
    const { listed, dump } = servers[engine];
    for (const name of await listed(machine, `a${number}`)) {
      parts.push([dumpPart(engine, name), (file) => writeDump(machine, file, dump(name), room)]);
    }
  }
  return parts;
}

/** @param most the highest exit status that is no error */
async function tar(machine: Machine, file: string, source: string, names: readonly string[], most = 0): Promise<void> {
  const options = [
    ...["--create", "--zstd", `--file=${file}`, `--directory=${source}`, "--one-file-system", "--sparse"],
    ...["--numeric-owner", "--xattrs", "--xattrs-include=user.*", "--acls", "--warning=no-file-changed"],
  ];
  // tar keeps the mode of the file that is there.
  machine.disk.create(file, "", 0o600, { sync: false });
  const command = ["-n", "10", "tar", ...options, "--", ...names];
  const { status, stderr } = await machine.run("nice", command, { timeout: patience });
  if (status > most) throw new ApplyError(`tar ended with ${status}: ${stderr.trim().slice(-1000)}`);
}

/**
 * @param most the highest exit status of du(1) that is no error: 1 if files may go away while they are counted
 * @throws ApplyError if as much as lies below a directory could fill the disk that all accounts of the host share
 */
export async function requireRoom(machine: Machine, source: string): Promise<void> {
  const bytes = await bytesBelow(machine, source);
  if (bytes === undefined)
    throw new ApplyError(
      `not all could be read, nothing was changed: directories below ${source} change all the time; suspend the account, or try again`,
    );
  const needed = bytes + reserve;
  const { freeBytes } = machine.space(source);
  if (freeBytes >= needed) return;
  const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`;
  throw new ApplyError(
    `${source} may need up to ${mib(needed)} (1 GiB of it stays free for the other accounts), but ${mib(freeBytes)} are free: nothing was changed; free some space, then try again`,
  );
}
