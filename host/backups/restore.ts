import { closeSync, openSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import { type EngineName, engineNames } from "../../delivery/protocol/databases.ts";
import { dumpPart } from "../archives/archive.ts";
import { accountDirectory, must } from "../archives/archives.ts";
import { whileFree } from "../archives/dumps.ts";
import { restoreInside } from "../archives/restore.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { inSnapshot } from "./backup.ts";
import { becoming, type Mount, mustRestic } from "./restic.ts";
import { type OtherHost, type Snapshot, snapshotsOf } from "./snapshots.ts";
import { patientSeconds, spoolOf, withBackup } from "./state.ts";

/** What is restored: files of the home (all of them, or one path), one database, or everything. */
export type Wanted =
  | { readonly what: "files"; readonly path: string }
  | { readonly what: "database"; readonly engine: EngineName; readonly name: string }
  | { readonly what: "account" };

/**
 * Restores from a snapshot. Beside what is there, into a new directory of the account's home, whose name ends in `.partial` until it is whole; or in its place. Files are written as the account, with its
 * rights and in its disk limit, so nothing that it made in their way leads anybody else's files astray; a dump is restored as the account, too.
 * @param id beginning of a snapshot's id; without it the newest
 * @returns what was written
 */
export function restoreBackup(
  machine: Machine,
  number: number,
  wanted: Wanted,
  { id, inPlace, other }: { readonly id?: string; readonly inPlace: boolean; readonly other?: OtherHost },
): Promise<string[]> {
  return withBackup(
    machine,
    number,
    async () => {
      const account = readCurrent(machine).bundle.groups[`account-${number}`]?.account;
      const { found, wrong } = await snapshotsOf(machine, number, other);
      if (id === undefined && found.length > 0 && wrong.length > 0) {
        throw new ApplyError(
          `which backup of account ${number} is the newest cannot be told (${wrong.join("; ")}): choose one that \`fairhost-host backups ${number}\` lists, with --snapshot`,
        );
      }
      const fitting = id === undefined ? found.slice(-1) : found.filter((each) => each.id.startsWith(id));
      const [snapshot, another] = fitting;
      if (!snapshot || !account || another) {
        const which = id === undefined ? "" : `${another ? "more than one" : "none"} that begins with ${id}; `;
        throw new ApplyError(
          `account ${number} has no such backup of ${other?.name ?? "this host"} (${[which, ...wrong.map((line) => `${line}; `)].join("")}\`fairhost-host backups ${number}\` lists them)`,
        );
      }
      machine.say(`account ${number}: restoring from ${snapshot.time} (${snapshot.id.slice(0, 8)})`);
      if (inPlace) return restoreWanted({ machine, snapshot, account, beside: undefined }, wanted);
      return restoreBeside({ machine, snapshot, account }, wanted);
    },
    patientSeconds,
  );
}

async function restoreWanted(context: Context, wanted: Wanted): Promise<string[]> {
  if (wanted.what === "database") return [await restoreDatabase(context, wanted.engine, wanted.name)];
  if (wanted.what === "files") return [await restoreFiles(context, "home", wanted.path)];
  const done = [await restoreFiles(context, "home"), await restoreFiles(context, "lib")];
  for (const [engine, name] of dumpsIn(await spooledIn(context.snapshot)))
    done.push(await restoreDatabase(context, engine, name));
  return done;
}

/** Into a directory that has `.partial` at the end of its name until all of it is there: who finds it after a run that was killed knows that it is a half. */
async function restoreBeside(context: Omit<Context, "beside">, wanted: Wanted): Promise<string[]> {
  const { machine, snapshot, account } = context;
  const home = join(accountDirectory(machine, account.number), "home");
  // As the account, to which the home belongs: whatever it puts in the way there leads to nothing of others.
  const asOwner = (...command: readonly string[]) =>
    must(machine, "env", [`--chdir=${home}`, ...becoming(account.uid), ...command]);
  const whole = `restored-${snapshot.time.slice(0, 19).replaceAll(":", "-")}`;
  const partial = `${whole}.partial`;
  await asOwner("rm", "-rf", "--", partial);
  const done = await restoreWanted({ ...context, beside: `${inSnapshot}/home/${partial}` }, wanted);
  const names = new Set(readdirSync(home));
  let name = whole;
  for (let count = 2; names.has(name); count++) name = `${whole}-${count}`;
  await asOwner("mv", "-T", "--", partial, name);
  return done.map((path) => path.replace(`home/${partial}/`, `home/${name}/`));
}

export interface Context {
  readonly machine: Machine;
  readonly snapshot: Snapshot;
  readonly account: { readonly number: number; readonly uid: number };
  /** Directory, as restic sees it, into which everything goes; without it each goes to its place. */
  readonly beside: string | undefined;
  /** Directory, as this host has it, with a home and a `lib` in place of the account's own. What comes there counts for no limit but the host's free space. */
  readonly root?: string;
  /** Files that the backup does not have are removed. */
  readonly exactly?: true;
}

/** As the account, which owns these directories. */
function asAccount({ machine, account: { number, uid }, root: other }: Context) {
  const root = other ?? accountDirectory(machine, number);
  const own = (part: string): Mount => {
    return { from: join(root, part), to: `${inSnapshot}/${part}`, writable: true };
  };
  return { uid, mounts: [own("home"), own("lib")], ...(other !== undefined && { until: whileFree(machine, root) }) };
}

export async function restoreFiles(context: Context, part: "home" | "lib", path = "."): Promise<string> {
  const { machine, account, snapshot, beside, exactly } = context;
  const inside = posix.normalize(path).replace(/\/$/, "");
  if (inside.startsWith("/") || inside.split("/").includes("..")) {
    throw new ApplyError(`${path} is not a path inside the home: give it relative to the home`);
  }
  // Where the logs are mounted: root's.
  const which = inside === "." ? ["--exclude=/admin"] : [`--include=/${inside.replaceAll(/[*?[\]\\]/g, "\\$&")}`];
  const target = beside === undefined ? `${inSnapshot}/${part}` : `${beside}/${part}`;
  const from = `${snapshot.id}:${inSnapshot}/${part}`;
  const stdout = await mustRestic(
    snapshot.opened,
    [
      "restore",
      "--json",
      "--no-lock",
      "--overwrite=always",
      // A file with holes may be larger than all that the account may have.
      "--sparse",
      ...(exactly ? ["--delete"] : []),
      `--target=${target}`,
      ...which,
      from,
    ],
    { ...asAccount(context), tell: (progress) => machine.say(`account ${account.number}: ${part}: ${progress}`) },
  );
  const { files_restored: came = 0, files_skipped: stayed = 0 } = JSON.parse(stdout.trim().split("\n").at(-1)!) as {
    files_restored?: number;
    files_skipped?: number;
  };
  if (came + stayed === 0 && inside !== ".") throw new ApplyError(`the backup of ${snapshot.time} has no ${inside}`);
  return `${outside(target)}${inside === "." ? "" : `/${inside}`}`;
}

/**
 * What a run that was cut off has brought may be read-only directories, over which restic, as the account, cannot bring the same again. It sets their modes anew.
 * @param directories where there is nothing yet, there is nothing to open
 */
export async function openDirectories(
  { run }: Machine,
  { uid, gid }: BundleAccount,
  directories: readonly string[],
): Promise<void> {
  const closed = ["-xdev", "-type", "d", "-uid", `${uid}`, "!", "-perm", "-700"];
  const open = ["find", ".", ...closed, "-exec", "chmod", "u+rwx", "--", "{}", ";"];
  // As the account, too, which does not come to all of these places by itself.
  const as = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--inh-caps=-all"];
  for (const directory of directories) await run("env", ["-C", directory, ...as, ...open]);
}

/** A path in the snapshot's terms as the account's own programs and people write it. */
function outside(path: string): string {
  return path.slice(inSnapshot.length + 1);
}

/** Names of what a snapshot has beside files: dumps of databases, and what belongs to them. */
export async function spooledIn({ opened, id }: Snapshot): Promise<string[]> {
  const listed = await mustRestic(opened, ["ls", "--json", "--no-lock", id, `${inSnapshot}/databases`]);
  return listed.split("\n").flatMap((line) => {
    const { name = "" } = (line === "" ? {} : JSON.parse(line)) as { name?: string };
    return name === "" ? [] : [name];
  });
}

/** Databases of which there are dumps among these names. */
export function dumpsIn(names: readonly string[]): [EngineName, string][] {
  return names.flatMap((name): [EngineName, string][] => {
    const [, engine, database] = /^([a-z]+)\.(a\d+_\w+)\.dump$/.exec(name) ?? [];
    const known = engineNames.find((each) => each === engine);
    return known && database !== undefined ? [[known, database]] : [];
  });
}

export async function restoreDatabase(context: Context, engine: EngineName, name: string): Promise<string> {
  const { machine, snapshot, account, beside } = context;
  const dump = dumpPart(engine, name);
  if (beside !== undefined) {
    const target = `${beside}/databases`;
    const from = `${snapshot.id}:${inSnapshot}/databases`;
    await mustRestic(
      snapshot.opened,
      [
        "restore",
        "--json",
        "--no-lock",
        "--overwrite=always",
        "--sparse",
        `--target=${target}`,
        `--include=/${dump}`,
        from,
      ],
      asAccount(context),
    );
    return `${outside(target)}/${dump}`;
  }
  const own = spoolOf(machine, account.number);
  machine.disk.remove(own);
  machine.disk.makeDirectory(own, 0o700);
  try {
    const file = join(own, dump);
    await fetchDump(snapshot, dump, file);
    // Only a whole dump comes here.
    await restoreInside(machine, account, file, { engine, name });
  } finally {
    machine.disk.remove(own);
  }
  return `database ${name} (${engine})`;
}

/** Writes a dump from a backup to a new file. @throws ApplyError if it is not whole */
export async function fetchDump({ opened, id }: Snapshot, dump: string, file: string): Promise<void> {
  const output = openSync(file, "wx", 0o600);
  try {
    await mustRestic(opened, ["dump", "--no-lock", id, `${inSnapshot}/databases/${dump}`], {
      output,
      until: whileFree(opened.machine, dirname(file)),
    });
  } finally {
    closeSync(output);
  }
}
