import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Keeper, StandbyRecord } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { reserve } from "../archives/dumps.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked } from "../store/moving.ts";
import {
  bytesIn,
  type CopyState,
  copiedAccounts,
  copiesDirectory,
  copyDirectory,
  forgetCopy,
  onDisk,
  readCopyState,
  standbysOf,
  writeCopyState,
} from "./copies.ts";
import { keepersOf, readRepositoryName, sshTo } from "./keepers.ts";
import { LeftForLater, receiveFiles } from "./receive-files.ts";
import { Busy, withBackup } from "./state.ts";
import { fetchTurns, shareOf } from "./turns.ts";

const day = 86_400_000;

/** Milliseconds that a backup host may take to list an account's files, which has to wait for whoever brings backups; less if the account's share of the time is. */
const listing = 600_000;

/** Lists that a backup host did not give in its time, or at all, after which it is not asked for those of other accounts: each would wait as long. */
const mostSilent = 3;

/** Milliseconds that a backup host's clock may be ahead of this one's. */
const ahead = 600_000;

/** A file of a repository on a backup host. */
interface KeptFile {
  readonly bytes: number;
  /** When it came, in milliseconds by the clock of the backup host. */
  readonly at: number;
  readonly repository: string;
  /** In the repository: `data/3f/3f87…`. */
  readonly path: string;
}

/** What a repository of restic has; all but `config` have the SHA-256 of their content as their name. */
const keptFile =
  /^(\d+) (\d+(?:\.\d+)?) ([a-z][a-z0-9-]*\.\d+\.\d+\.\d+(?:\.\d+)?)\/(config|(?:keys|index|snapshots)\/[0-9a-f]{64}|data\/([0-9a-f]{2})\/\5[0-9a-f]{62})$/;

/**
 * Fetches what is new of the backups of accounts whose standby this host is, one account after the other, and removes copies of accounts whose standby it has not
 * been for a day.
 * @param only numbers of accounts; without any, all
 * @param due leaves out those that were compared in the last eighth of the minutes that their plan allows, and those that another run works on; each has a part of the time alone, after which
 * the next run goes on with it
 * @returns one line for each account whose copy does not have everything: what is wrong
 */
export async function fetchBackups(machine: Machine, only: readonly number[], due: boolean): Promise<string[]> {
  const { bundle } = readCurrent(machine);
  const records = standbysOf(bundle);
  const unknown = only.filter((number) => !records.some(({ account }) => account === number));
  if (unknown.length > 0) throw new ApplyError(`this host is not the standby of account ${unknown.join(", ")}`);
  machine.disk.makeDirectory(copiesDirectory(machine), 0o700);
  const wrong: string[] = [];
  const now = () => new Date().toISOString();
  const share = due ? shareOf(records.map(({ minutes }) => minutes)) * 1000 : undefined;
  const silent: Silent = new Map();
  const turns = fetchTurns(records.map((record) => ({ record, before: readCopyState(machine, record.account) })));
  for (const { record, before, waits } of turns) {
    const { account, minutes } = record;
    if (only.length > 0 && !only.includes(account)) continue;
    const state: CopyState = { since: now(), ...before, declared: now() };
    const age = before?.compared === undefined ? Infinity : Date.now() - Date.parse(before.compared);
    if (due && (waits || (age >= 0 && age < (minutes / 8) * 60_000))) {
      writeCopyState(machine, account, state);
      continue;
    }
    try {
      const { failed: _, ...rest } = state;
      const copy = await withBackup(machine, account, () => fetchOne(machine, bundle, record, silent, share));
      writeCopyState(machine, account, { ...rest, compared: now(), ...(copy && { copy }) });
    } catch (error) {
      // Its time comes again soon.
      if (due && error instanceof Busy) continue;
      const why = error instanceof ApplyError ? error.message : String(error);
      const failed = { time: now(), why, ...(error instanceof LeftForLater && { slow: true as const }) };
      writeCopyState(machine, account, error instanceof NotAsked ? state : { ...state, failed });
      wrong.push(`account ${account}: its copy does not have its newest backup: ${why}`);
    }
  }
  for (const account of copiedAccounts(machine)) {
    if (records.some((record) => record.account === account)) continue;
    // It comes here because its host is lost: the copy is what it is restored from.
    if (isMarked(machine, "coming", account) || isMarked(machine, "restoring", account)) continue;
    const state = readCopyState(machine, account) ?? { since: now(), declared: now() };
    if (Date.now() - Date.parse(state.declared) > day) forgetCopy(machine, account);
    else writeCopyState(machine, account, state);
  }
  return wrong;
}

/** How often backup hosts, by their names, gave no list in a run. */
type Silent = Map<string, number>;

/** Its backup host was not asked for an account's files: the next run asks for them first. */
class NotAsked extends ApplyError {}

/** @param share milliseconds in which its files have to be listed, and as many in which they have to come */
async function fetchOne(
  machine: Machine,
  bundle: Bundle,
  record: StandbyRecord,
  silent: Silent,
  share?: number,
): Promise<CopyState["copy"]> {
  const { account, bytes: most } = record;
  const { keeper, files } = await newestAt(machine, bundle, record, silent, share);
  const newest = newestSnapshot(files);
  if (!newest) return undefined;
  const { repository } = newest;
  const directory = copyDirectory(machine, account);
  const own = join(directory, repository);
  machine.disk.makeDirectory(directory, 0o755);
  // What came later than the newest snapshot may not be whole, and belongs to a backup that is not.
  const there = files.filter((file) => file.repository === repository && file.at <= newest.at);
  const lacking = there.filter(({ path, bytes }) => sizeOf(join(own, path)) !== bytes || path === "config");
  const allowed = filesFor(most);
  if (there.length > allowed) {
    throw new ApplyError(
      `${keeper.name} has ${there.length} files of it, and ${allowed} are allowed for ${gigabytes(most)} GB: look at ${repository} there`,
    );
  }
  const others = readdirSync(directory).filter((name) => name !== repository && readRepositoryName(name));
  const missing = lacking.filter((file) => !linkHere(machine, directory, others, file));
  const needed = missing.reduce((sum, { bytes }) => sum + onDisk(bytes), 0);
  const total = bytesIn(directory) + needed;
  if (total > most) {
    throw new ApplyError(
      `it would take ${gigabytes(total)} GB, and ${gigabytes(most)} are allowed for it: raise the disk limit of the account (\`diskGb\`), or let it keep its backups for fewer days`,
    );
  }
  const { freeBytes } = machine.space(directory);
  if (freeBytes < needed + reserve) {
    throw new ApplyError(
      `${gigabytes(needed)} GB are missing in it, and ${gigabytes(freeBytes)} are free (1 GiB stays free for the accounts)`,
    );
  }
  // A snapshot comes only when all that it may need is here: who finds it finds a whole backup.
  const order = ["config", "keys", "data", "index", "snapshots"];
  const placeOf = ({ path }: KeptFile) => order.indexOf(path.split("/")[0]!);
  missing.sort((left, right) => placeOf(left) - placeOf(right) || left.at - right.at);
  const command = sshTo(machine, keeper, account, ["read-files"]);
  const damaged: string[] = [];
  const put = (received: string, target: string) => {
    machine.disk.makeDirectory(dirname(target), 0o755);
    machine.disk.rename(received, target);
  };
  await receiveFiles(
    command,
    missing.map(({ path, bytes }) => ({ path: `${repository}/${path}`, bytes })),
    join(directory, "incoming"),
    (name, received, sum) => {
      const path = name.slice(repository.length + 1);
      const target = join(own, path);
      if (path === "config") {
        // It has no sum. The first one that came opens all that came since.
        if (existsSync(target) && !readFileSync(target).equals(readFileSync(received))) damaged.push(name);
        else put(received, target);
      } else if (!path.endsWith(`/${sum}`)) damaged.push(name);
      else if (!path.startsWith("snapshots/") || damaged.every((each) => each.startsWith(`${repository}/snapshots/`)))
        put(received, target);
    },
    share === undefined ? undefined : AbortSignal.timeout(share),
  );
  if (damaged.length > 0) {
    throw new ApplyError(
      `${keeper.name} has damaged files, which are not taken: ${damaged.slice(0, 3).join(", ")}${damaged.length > 3 ? ` and ${damaged.length - 3} more` : ""} (docs/how-to/operate/backups.md)`,
    );
  }
  // What is over there is over here, too; a repository of before only now.
  const kept = new Set(there.map(({ path }) => path));
  for (const name of readdirSync(join(own, "snapshots"))) {
    if (!kept.has(`snapshots/${name}`)) machine.disk.remove(join(own, "snapshots", name));
  }
  for (const name of readdirSync(directory)) if (name !== repository) machine.disk.remove(join(directory, name));
  const time = new Date(newest.at).toISOString();
  // What is newer may not be seen until then.
  if (newest.at > Date.now() + ahead)
    throw new ApplyError(
      `its newest backup came to ${keeper.name} at ${time}, which is in the future: look at the clocks (\`chronyc tracking\`) of both hosts`,
    );
  return { time, keeper: keeper.name, repository };
}

/** Files on the backup host that has the newest snapshot of an account: the one that new backups go to, which has to answer, or one of before. */
async function newestAt(
  machine: Machine,
  bundle: Bundle,
  { account, site, bytes }: StandbyRecord,
  silent: Silent,
  share = Infinity,
): Promise<{ keeper: Keeper; files: readonly KeptFile[] }> {
  // A line for each.
  const maxBytes = Math.max(64 << 20, filesFor(bytes) * 200);
  const answers: { keeper: Keeper; files: readonly KeptFile[] }[] = [];
  for (const [index, keeper] of keepersOf(bundle, { account, site, retentionDays: 0 }).entries()) {
    const tries = silent.get(keeper.name) ?? 0;
    if (tries >= mostSilent) {
      if (index === 0) throw new NotAsked(`${keeper.name} gave no list for ${tries} other accounts`);
      continue;
    }
    const [program, ...args] = sshTo(machine, keeper, account, ["list-files"]);
    const timeout = Math.ceil(Math.min(listing, share));
    const { status, stdout, stderr } = await machine.run(program!, args, { timeout, maxBytes });
    const isAway = status === 255 && !/Permission denied/.test(stderr);
    if (isAway || status === 124) silent.set(keeper.name, tries + 1);
    if (status === 0) answers.push({ keeper, files: readList(stdout) });
    // New backups go to the first.
    else if (index === 0) {
      throw new ApplyError(
        `${keeper.name} ${isAway ? "cannot be reached" : "does not answer"}: ${stderr.trim()} (exit status ${status})`,
      );
    }
  }
  const at = ({ files }: { files: readonly KeptFile[] }) => newestSnapshot(files)?.at ?? 0;
  const newest = answers.toSorted((left, right) => at(right) - at(left))[0];
  if (!newest) throw new ApplyError(`site ${site} has no backup host in this host's cell`);
  return newest;
}

function readList(text: string): KeptFile[] {
  return text.split("\n").flatMap((line): KeptFile[] => {
    const [, bytes, at, repository, path] = keptFile.exec(line) ?? [];
    return path === undefined ? [] : [{ bytes: Number(bytes), at: Number(at) * 1000, repository: repository!, path }];
  });
}

function newestSnapshot(files: readonly KeptFile[]): KeptFile | undefined {
  const snapshots = files.filter(({ path }) => path.startsWith("snapshots/"));
  return snapshots.reduce<KeptFile | undefined>((best, each) => (best && best.at >= each.at ? best : each), undefined);
}

/**
 * Links a file out of one of the other repositories of the copy: a branch has those of its repository, under the same names, which are their SHA-256. Not a snapshot, which comes
 * last, when all that it needs is there.
 * @returns whether there is one
 */
function linkHere(
  machine: Machine,
  directory: string,
  others: readonly string[],
  { repository, path, bytes }: KeptFile,
): boolean {
  if (path === "config" || path.startsWith("snapshots/")) return false;
  const from = others.find((name) => sizeOf(join(directory, name, path)) === bytes);
  if (from === undefined) return false;
  const target = join(directory, repository, path);
  machine.disk.makeDirectory(dirname(target), 0o755);
  machine.disk.remove(target);
  machine.disk.link(join(directory, from, path), target);
  return true;
}

/**
 * Files that a copy of so many bytes may have: one for each MiB, of which restic's packs have 16, and what small backups leave. Inodes of this host are its own accounts', and each file
 * is written durably.
 */
const filesFor = (bytes: number) => 50_000 + Math.floor(bytes / 2 ** 20);

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size;

const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1);
