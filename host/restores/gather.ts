import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import { type RestoreRequest, restoredPart, undoneRestore } from "../../delivery/protocol/restores.ts";
import { databaseOf, dumpPart } from "../archives/archive.ts";
import { bytesBelow, must, removeTree } from "../archives/archives.ts";
import { diskLimit, reserve } from "../archives/dumps.ts";
import { Unreachable } from "../backups/restic.ts";
import { dumpsIn, fetchDump, openDirectories, restoreFiles, spooledIn } from "../backups/restore.ts";
import { type Snapshot, snapshotsOf } from "../backups/snapshots.ts";
import { databasesOf } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { ensureDirectories } from "../store/accounts.ts";
import { readCurrent } from "../store/generations.ts";
import type { RestoreState } from "../store/restores.ts";
import { placeOf, readKept } from "./kept.ts";
import { statOf, wayTo } from "./way.ts";

/** How many times its disk limit the files of an account may take when they come back: of a full one, holes in files are smaller than they were. */
const most = 1.25;

/** What is ready beside an account. */
export type Gathered = Pick<RestoreState, "pieces" | "dumps" | "from" | "brings"> & {
  /** What of it there is not, one clause each. */
  readonly missing: readonly string[];
};

/**
 * Brings all that is restored to this host's disk, beside the account, which goes on. It goes on with what an interrupted run has brought of the same backup.
 * @param brought id of that backup
 * @param begins is called before anything of a backup comes
 * @throws Unreachable if a backup host cannot be reached
 * @throws ApplyError if it cannot be: nothing of the account was changed
 */
export async function gather(
  machine: Machine,
  request: RestoreRequest,
  brought?: string,
  begins: (id: string) => void = () => {},
): Promise<Gathered> {
  const { account: number, id, snapshot: wanted, what } = request;
  const place = placeOf(machine, number, id);
  const earlier = undoneRestore(wanted);
  if (earlier !== undefined) return takeBack(machine, request, earlier);
  const { bundle } = readCurrent(machine);
  const account = bundle.groups[`account-${number}`]?.account;
  if (!account) throw new ApplyError(`account ${number} is not on this host`);
  const snapshot = await choose(machine, number, wanted);
  if (snapshot.id !== brought) await removeTree(machine, place);
  machine.disk.makeDirectory(place, 0o700);
  begins(snapshot.id);
  const parts = what.flatMap((word) => restoredPart(word) ?? []);
  const paths = parts.flatMap((part): string[] => {
    if (part.of === "all") return ["home", "lib"];
    return part.of === "files" ? ["home"] : part.of === "path" ? [`home/${part.path}`] : [];
  });
  const { dumps, missing } = await wantedDumps(machine, number, snapshot, parts);
  if (paths.length > 0) {
    const limit = diskLimit(bundle, number) ?? Infinity;
    const root = makeRoot(machine, account, place);
    const there = (await bytesBelow(machine, root)) ?? 0;
    requireFree(machine, place, Math.max(0, Math.min(snapshot.bytes ?? limit, limit) - there));
    await openDirectories(machine, account, [join(root, "home"), join(root, "lib")]);
    const context = { machine, snapshot, account, beside: undefined, root };
    for (const path of paths) {
      machine.say(`account ${number}: restoring ${path} beside it`);
      const [part, ...inside] = path.split("/");
      await restoreFiles(context, part === "lib" ? "lib" : "home", inside.join("/") || ".");
      wayTo(root, path);
      await requireFitting(machine, root, limit);
      if (!statOf(join(root, path))) throw new ApplyError(`the backup of ${snapshot.time} has no ${path}`);
    }
  }
  machine.disk.makeDirectory(join(place, "dumps"), 0o700);
  for (const dump of dumps) {
    const whole = join(place, "dumps", dump);
    if (existsSync(whole)) continue;
    requireFree(machine, place, 0);
    const half = `${whole}.partial`;
    machine.disk.remove(half);
    await fetchDump(snapshot, dump, half);
    // After a loss of power the name must not be there without the content.
    await must(machine, "sync", ["--", half]);
    machine.disk.rename(half, whole);
  }
  // All of it is on the disk before anything is replaced.
  await must(machine, "sync", ["--file-system", place]);
  const from = `the backup of ${snapshot.time.slice(0, 19)}Z (${snapshot.id.slice(0, 8)} on ${snapshot.opened.keeper.name})`;
  return { pieces: piecesOf(place, paths), dumps, from, missing };
}

const piecesOf = (place: string, paths: readonly string[]) =>
  paths.map((path) => ({ path, inode: statOf(join(place, "files", path))!.ino }));

/** An empty home and `lib` of the account, in which programs that restore see no other file. */
function makeRoot(machine: Machine, account: BundleAccount, place: string): string {
  const root = join(place, "files");
  machine.disk.makeDirectory(root, 0o711);
  const directories = account.directories.filter(
    ({ path, owner }) => path === "home" || path === "lib" || (path.startsWith("home/") && owner !== "account"),
  );
  const directory = root.slice(machine.layout.root === "/" ? 0 : machine.layout.root.length);
  ensureDirectories(machine, { ...account, directory, directories });
  return root;
}

const mib = (size: number) => `${Math.ceil(size / (1 << 20))} MiB`;

function requireFree(machine: Machine, place: string, bytes: number): void {
  const { freeBytes } = machine.space(place);
  if (freeBytes >= bytes + reserve) return;
  throw new ApplyError(
    `it may need up to ${mib(bytes + reserve)} of this host's disk (1 GiB of it stays free for the other accounts), but ${mib(freeBytes)} are free: free some space`,
  );
}

/** Backups have zeros for the holes of files: what takes little on the account's disk may come back as many times as much, and counts for it then. */
async function requireFitting(machine: Machine, root: string, limit: number): Promise<void> {
  const { stdout } = await must(machine, "du", ["--summarize", "--block-size=1", "--", root]);
  const bytes = Number.parseInt(stdout, 10);
  if (bytes <= limit * most) return;
  throw new ApplyError(
    `its files take ${mib(bytes)} as the backup has them, and the account may have ${mib(limit)}: restore parts of it (\`files PATH\`), or raise its disk limit first`,
  );
}

/** The backup that a request names. A day has the newest one of it that is whole, as far as this host can see. */
async function choose(machine: Machine, number: number, wanted: string): Promise<Snapshot> {
  const { found, wrong, isAway } = await snapshotsOf(machine, number);
  const isDay = wanted.includes("-");
  const fitting = found.filter(({ id, time }) => (isDay ? time.startsWith(wanted) : id.startsWith(wanted)));
  const why = wrong.join("; ");
  // A newer one of that day may be where nobody answers.
  if (wrong.length > 0 && (isDay || fitting.length === 0)) {
    if (isAway) throw new Unreachable(why);
    throw new ApplyError(
      `which backup that is cannot be told (${why}): name one that \`fairhost-host backups ${number}\` lists by its id`,
    );
  }
  if (!isDay && fitting.length > 1) throw new ApplyError(`more than one backup begins with ${wanted}`);
  const chosen = fitting.at(-1);
  if (chosen) return chosen;
  throw new ApplyError(
    `there is no backup ${isDay ? "of" : "that begins with"} ${wanted}: \`fairhost-host backups ${number}\` lists all`,
  );
}

async function wantedDumps(
  machine: Machine,
  number: number,
  snapshot: Snapshot,
  parts: readonly NonNullable<ReturnType<typeof restoredPart>>[],
): Promise<{ dumps: string[]; missing: string[] }> {
  const all = parts.some(({ of }) => of === "all" || of === "databases");
  const named = parts.flatMap((part) => (part.of === "database" ? [`a${number}_${part.name}`] : []));
  if (!all && named.length === 0) return { dumps: [], missing: [] };
  const declared = databasesOf(readCurrent(machine).bundle, number);
  const undeclared = named.filter((name) => !declared.some((each) => each.name === name));
  if (undeclared.length > 0)
    throw new ApplyError(`${undeclared.join(", ")} is not a database that account ${number} declares and that is open`);
  const there = dumpsIn(await spooledIn(snapshot)).map(([engine, name]) => dumpPart(engine, name));
  const wanted = declared.filter(({ name }) => all || named.includes(name));
  const [dumps, lacking] = [true, false].map((has) =>
    wanted.filter(({ engine, name }) => there.includes(dumpPart(engine, name)) === has),
  ) as [typeof wanted, typeof wanted];
  const closed = all
    ? there.filter((dump) => !declared.some(({ engine, name }) => dumpPart(engine, name) === dump))
    : [];
  if (declared.length === 0 && closed.length > 0)
    throw new ApplyError(
      `its databases (${closed.map(nameOf).join(", ")}) are closed here, as those of a suspended account are: resume it, or declare them, or restore \`files\` alone`,
    );
  const unfound = lacking.filter(({ name }) => named.includes(name));
  if (unfound.length > 0)
    throw new ApplyError(
      `the backup of ${snapshot.time} has no dump of ${unfound.map(({ engine, name }) => `${name} (${engine})`).join(", ")}`,
    );
  return {
    dumps: dumps.map(({ engine, name }) => dumpPart(engine, name)),
    missing: [
      ...lacking.map(({ name }) => `database ${name} stays as it is, as that backup does not have it`),
      ...closed.map((dump) => `database ${nameOf(dump)} of that backup is left out, as it is not declared`),
    ],
  };
}

const nameOf = (dump: string) => databaseOf(dump)!.name;

/** What an earlier restore replaced: it lies on this host already, and becomes what comes. */
function takeBack(machine: Machine, { account: number, id }: RestoreRequest, earlier: string): Gathered {
  const [from, place] = [placeOf(machine, number, earlier), placeOf(machine, number, id)];
  const kept = readKept(from) ?? readKept(place);
  if (!kept)
    throw new ApplyError(
      `what restore ${earlier} of account ${number} replaced is no longer on this host: restore from a backup`,
    );
  if (existsSync(from)) machine.disk.rename(from, place);
  if (existsSync(join(place, "before"))) machine.disk.rename(join(place, "before"), join(place, "dumps"));
  const there = kept.paths.filter((path) => statOf(join(place, "files", path)));
  const pieces = piecesOf(place, there);
  return { pieces, dumps: kept.dumps, from: `what restore ${earlier} replaced`, missing: [] };
}
