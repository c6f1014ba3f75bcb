import { chownSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bundle, BundleGroup } from "../../delivery/protocol/bundle.ts";
import type { AskedServer, ComparedFiles, LoadedDatabase, Proof } from "../../delivery/protocol/proofs.ts";
import { printable } from "../../lib/text/text.ts";
import { databaseOf, dumpPart } from "../archives/archive.ts";
import { accountDirectory, removeTree } from "../archives/archives.ts";
import { OwnDump } from "../archives/dumps.ts";
import { certificatesName, declarationName, inSnapshot } from "../backups/backup.ts";
import { refusedName } from "../backups/databases.ts";
import { backupsOf, hurried, keepersOf } from "../backups/keepers.ts";
import { type Mount, mustRestic, shortened, Unreachable } from "../backups/restic.ts";
import { repositoriesOn, type Snapshot, snapshotsOf } from "../backups/snapshots.ts";
import { patientSeconds, withBackup } from "../backups/state.ts";
import { databasesIn } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { askRestored } from "./ask.ts";
import { type Comparison, compareTrees } from "./compare.ts";
import { loadDump } from "./databases.ts";
import { requireFree, runInside, withRoom } from "./sandbox.ts";

/** Beside the accounts, so no disk limit counts it; for root alone. */
const above = "/srv/accounts/drills";

/** Parts of a snapshot that are compared, and what of them is not restored: logs, which grow. */
const parts = { home: ["admin"], lib: [] } as const;

/** Bytes that servers of databases take before anything is loaded. */
const servers = 256 << 20;

/** Where the comparison finds both trees: no name is longer than that in the snapshot, so every path that was backed up fits here, too. */
const [restoredPlace, livePlace] = ["/drill", "/live"];

/**
 * Restores the newest backup of an account beside it, compares the files with those that have not changed since, loads its dumps into servers of
 * their own, asks its web site for a page, and removes all of it. The account itself is only read.
 * @returns what was seen, also if that is a failure
 * @throws Unreachable if a backup host is away: then nothing was seen
 */
export async function drill(machine: Machine, bundle: Bundle, number: number): Promise<Proof> {
  const begun = { at: new Date(), clock: performance.now() };
  const elapsed = () => (performance.now() - begun.clock) / 1000;
  const wrong: string[] = [];
  const own: string[] = [];
  /** Whatever does not go well is said in the proof. */
  const tried = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      const line = printable(`${what}: ${error instanceof ApplyError ? error.message : String(error)}`);
      wrong.push(line);
      if (error instanceof OwnDump) own.push(line);
      return undefined;
    }
  };
  const account = bundle.groups[`account-${number}`]!.account!;
  const directory = machine.layout.at(join(above, `${number}`));
  const databases: LoadedDatabase[] = [];
  let files: ComparedFiles = { restored: 0, bytes: 0, identical: 0, changedSince: 0 };
  let restore = 0;
  let asked: AskedServer | undefined;
  const newest = await tried("no backup can be restored", () =>
    orAway(machine, bundle, number, () => newestOf(machine, bundle, number)),
  );
  const snapshot = newest?.snapshot;
  try {
    const dumps =
      snapshot &&
      (await tried("restoring", async () => {
        const before = performance.now();
        await orAway(machine, bundle, number, () => restoreInto(machine, account, directory, snapshot));
        restore = (performance.now() - before) / 1000;
        return dumpsIn(directory);
      }));
    if (snapshot && dumps) {
      const compared = await tried("comparing", () => compare(machine, number, directory, snapshot));
      if (compared) {
        const { restored, bytes, identical, changedSince } = compared;
        files = { restored, bytes, identical, changedSince };
        const more = compared.differences - compared.wrong.length;
        wrong.push(...compared.wrong.map(printable), ...(more > 0 ? [`and ${more} more differences`] : []));
      }
      for (const dump of dumps) {
        const { engine, name } = dump;
        const loaded = await tried(`database ${name} (${engine})`, async () => {
          if (dump.refused !== undefined) throw new OwnDump(`the backup has no dump of it: ${dump.refused}`);
          if (!dump.there) throw new ApplyError("the backup has no dump of it");
          return loadDump(machine, account, directory, dump);
        });
        if (loaded) databases.push(loaded);
        restore += loaded?.seconds ?? 0;
      }
      // Last: it may write into what was restored.
      asked = await askRestored(machine, bundle, account, directory);
    }
  } finally {
    await removeTree(machine, directory);
  }
  return {
    account: number,
    of: bundle.host,
    on: bundle.host,
    time: begun.at.toISOString(),
    ...(snapshot && {
      snapshot: {
        ...{ id: snapshot.id, time: snapshot.time },
        ...{ keeper: snapshot.opened.keeper.name, repository: snapshot.opened.name },
      },
    }),
    ...{ files, databases },
    ...(asked && { asked }),
    seconds: {
      ...(newest && { find: rounded(newest.seconds) }),
      ...{ restore: rounded(restore), drill: rounded(elapsed()) },
    },
    outcome: wrong.length === 0 ? "restored" : "failed",
    wrong,
    ...(own.length > 0 && { own }),
  };
}

const rounded = (seconds: number) => Math.round(seconds * 10) / 10;

async function newestOf(machine: Machine, bundle: Bundle, number: number) {
  const { found, wrong, isAway, seconds } = await withBackup(
    machine,
    number,
    async () => {
      const begun = performance.now();
      const found = await snapshotsOf(machine, number, undefined, { bundle });
      return { ...found, seconds: (performance.now() - begun) / 1000 };
    },
    patientSeconds,
  );
  const newest = found.at(-1);
  if (isAway) throw new Unreachable(wrong.join("; "));
  if (wrong.length > 0) throw new ApplyError(`which one is the newest cannot be told (${wrong.join("; ")})`);
  if (!newest) throw new ApplyError("there is none");
  return { snapshot: newest, seconds };
}

/**
 * A connection that ends because something at its end is broken looks as if the backup host was away. It is only if it does not answer now, either:
 * otherwise a damaged repository would never count as a drill that failed.
 * @throws Unreachable
 */
async function orAway<T>(machine: Machine, bundle: Bundle, number: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const record = backupsOf(bundle).find(({ account }) => account === number)!;
    for (const keeper of keepersOf(bundle, record)) await repositoriesOn(machine, keeper, record, hurried);
    throw new ApplyError(error.message);
  }
}

async function restoreInto(
  machine: Machine,
  { number, uid }: { readonly number: number; readonly uid: number },
  directory: string,
  { opened, id }: Snapshot,
): Promise<void> {
  const restored = join(directory, "restored");
  await removeTree(machine, directory);
  machine.disk.makeDirectory(directory, 0o700);
  // Files, and a database of each dump.
  requireFree(machine, directory, 2 * (await storedBytes(machine, number, { opened, id })) + servers);
  machine.disk.makeDirectory(restored, 0o700);
  chownSync(restored, uid, uid);
  const left = [
    "/admin",
    ...Object.entries(parts).flatMap(([part, names]) => names.map((name) => `/${part}/${name}`)),
    `/databases/${certificatesName}`,
  ];
  await withBackup(
    machine,
    number,
    () =>
      withRoom(machine, directory, [`fairhost-backup-${number}-restore`], () =>
        mustRestic(
          opened,
          [
            ...["restore", "--json", "--no-lock", "--sparse", `--target=${restoredPlace}`],
            ...left.map((path) => `--exclude=${path}`),
            `${id}:${inSnapshot}`,
          ],
          { uid, mounts: [{ from: restored, to: restoredPlace, writable: true }] },
        ),
      ),
    patientSeconds,
  );
}

/** Bytes of what a snapshot has, each piece once: holes of files, which no disk limit counts, are restored as holes. */
async function storedBytes(machine: Machine, number: number, { opened, id }: Pick<Snapshot, "opened" | "id">) {
  const stdout = await withBackup(
    machine,
    number,
    () => mustRestic(opened, ["stats", "--json", "--no-lock", "--mode=raw-data", id]),
    patientSeconds,
  );
  const { total_size = 0, total_uncompressed_size = 0 } = JSON.parse(stdout) as Record<string, number | undefined>;
  return Math.max(total_size, total_uncompressed_size);
}

/** Databases of which the restored backup has a dump, and those that the account had then. */
function dumpsIn(directory: string) {
  const place = join(directory, "restored/databases");
  const there = readdirSync(place).flatMap((part) => {
    const found = part.endsWith(".dump") ? databaseOf(part) : undefined;
    return found && /^a\d+_[a-z][a-z0-9_]*$/.test(found.name) ? [found] : [];
  });
  const declared = databasesIn(JSON.parse(readFileSync(join(place, declarationName), "utf8")) as BundleGroup);
  const lacking = declared.filter(
    (each) => !there.some(({ name, engine }) => name === each.name && engine === each.engine),
  );
  // A backup of an older release does not say it.
  const said = join(place, refusedName);
  const refused = (existsSync(said) ? JSON.parse(readFileSync(said, "utf8")) : {}) as Record<string, string>;
  return [
    ...there.map((each) => ({ ...each, there: true, refused: undefined })),
    ...lacking.map(({ engine, name }) => ({ engine, name, there: false, refused: refused[dumpPart(engine, name)] })),
  ];
}

/** As root without any right but to read, in a root in which there are only both trees. */
async function compare(machine: Machine, number: number, directory: string, snapshot: Snapshot): Promise<Comparison> {
  const live = accountDirectory(machine, number);
  const mounts: Mount[] = [
    { from: join(directory, "restored"), to: restoredPlace },
    ...Object.keys(parts).flatMap((part) =>
      existsSync(join(live, part)) ? [{ from: join(live, part), to: `${livePlace}/${part}` }] : [],
    ),
  ];
  const command = [process.execPath, process.argv[1]!, "compare-trees", `${Date.parse(snapshot.time)}`];
  const unit = `fairhost-backup-${number}-compare`;
  const { status, stdout, stderr } = await runInside(machine, command, { unit, mounts });
  if (status !== 0) throw new ApplyError(`${shortened(stderr.trim())} (exit status ${status})`);
  return JSON.parse(stdout) as Comparison;
}

/** The part that runs inside of {@link compare}. */
export async function compareHere(since: number): Promise<Comparison> {
  const all: Comparison[] = [];
  for (const [part, left] of Object.entries(parts)) {
    all.push(await compareTrees(`${restoredPlace}/${part}`, `${livePlace}/${part}`, since, left));
  }
  const sum = (of: "restored" | "bytes" | "identical" | "changedSince" | "differences") =>
    all.reduce((total, each) => total + each[of], 0);
  return {
    ...{ restored: sum("restored"), bytes: sum("bytes"), identical: sum("identical") },
    ...{ changedSince: sum("changedSince"), differences: sum("differences") },
    wrong: all.flatMap(({ wrong }) => wrong),
  };
}

/** Removes what killed drills have left. What cannot be removed is said, and keeps no other account from its drill. */
export async function removeLeft(machine: Machine): Promise<void> {
  const directory = machine.layout.at(above);
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    try {
      await removeTree(machine, join(directory, name));
    } catch (error) {
      machine.say(`${join(directory, name)} is left of an earlier drill: ${(error as Error).message}`);
    }
  }
}
