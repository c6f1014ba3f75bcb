import { chmodSync, chownSync, existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BackupRecord, Keeper } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { printable } from "../../lib/text/text.ts";
import { accountDirectory, requireNoCopying } from "../archives/archives.ts";
import { diskLimit } from "../archives/dumps.ts";
import { showCertificates } from "../moves/certificates.ts";
import { enginesIn } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { bringAll, bringWaiting, forgetSpooled } from "../spool/bring.ts";
import { cacheIn, forgetKnown, keepKnown, trimKnown, withoutCache } from "../spool/known.ts";
import { type Room, roomOf, waitingOf } from "../spool/spool.ts";
import { mayWait, wait } from "../spool/wait.ts";
import { readCurrent } from "../store/generations.ts";
import { backupKey, latestMaster } from "../store/secrets.ts";
import { spoolDatabases } from "./databases.ts";
import {
  backupsOf,
  branchFor,
  keepersOf,
  oftenOf,
  type Repository,
  repositoryAt,
  repositoryName,
  sshTo,
} from "./keepers.ts";
import { readAgain } from "./mapped.ts";
import { summaryOf } from "./progress.ts";
import {
  failureOf,
  incomplete,
  type Mount,
  mustRestic,
  noRepository,
  type Opened,
  type ResticOptions,
  type ResticResult,
  restic,
  Unreachable,
  waitsFor,
} from "./restic.ts";
import {
  type BackupState,
  Busy,
  failedState,
  leaveOpen,
  makeSpool,
  mayBeOpen,
  newestStored,
  readState,
  type Stored,
  withBackup,
  writeState,
} from "./state.ts";
import { bringTurns, dayHelps, inTurn, isDue, isForDay, longestFor, shareOf, Unanswered } from "./turns.ts";

/** Where restic sees what it backs up: every snapshot has these paths. */
export const inSnapshot = "/account";

/** Beside the dumps of databases: the account's group of the bundle, and its certificates with their keys, as a move carries them. */
export const declarationName = "declaration.json";
export const certificatesName = "certificates.json";

/** How often restic is run again, because of what the account did meanwhile. What kept it waiting is left out, so that everything else is backed up. */
const mostTries = 3;

/** A directory in which files are renamed while it is read names some of them twice (readdir(3)), and restic 0.18 then gives up all of the backup. */
const isDoubled = ({ status, stderr }: ResticResult) => status !== 0 && stderr.includes("not ordered or duplicate");

/**
 * Backs up accounts, one after the other.
 * @param only numbers of accounts; without any, all that have a backup site
 * @param due leaves out those whose newest backup is {@link recentFor recent}, and those that another run works on
 * @param often leaves out those that have no standby, and gives each of the others a part of the time alone: what takes longer is left to the run without `often`, which is begun
 * @returns one line for each account that has no new backup although it should: what is wrong
 */
export async function backUp(
  machine: Machine,
  only: readonly number[],
  due: boolean,
  often = false,
): Promise<string[]> {
  const { bundle } = readCurrent(machine);
  const records = backupsOf(bundle);
  const unknown = only.filter((number) => !records.some(({ account }) => account === number));
  if (unknown.length > 0) {
    throw new ApplyError(`account ${unknown.join(", ")} is not on this host, or its site has no backup site`);
  }
  const minutesOf = oftenOf(bundle);
  const room = roomOf(machine, bundle);
  const wrong: string[] = [];
  const unanswered = new Unanswered();
  const share = often ? shareOf(minutesOf.values()) : Infinity;
  const one = async (record: BackupRecord) => {
    const { account } = record;
    const before = readState(machine, account);
    const [keeper] = keepersOf(bundle, record);
    try {
      if (!keeper) throw new ApplyError(`site ${record.site} has no backup host in this host's cell`);
      const isAway = unanswered.isAway(keeper.name);
      if (isAway && !mayWait(machine, account, new Date())) throw new ApplyError(`${keeper.name} cannot be reached`);
      const last = await withBackup(machine, account, () => {
        // Its databases and its files may be of two accounts.
        requireNoCopying(machine, account);
        return backUpOne(machine, bundle, record, keeper, { often: minutesOf.has(account), share, isAway, room });
      });
      remember(machine, account, { last });
      machine.say(`account ${account}: backed up to ${keeper.name} (${last.bytes} bytes new)`);
    } catch (error) {
      // Its time comes again soon.
      if (due && error instanceof Busy) return;
      const why = error instanceof ApplyError ? error.message : String(error);
      if (keeper && error instanceof Unreachable) unanswered.add(keeper.name);
      const failed = {
        ...{ time: new Date().toISOString(), why },
        ...(error instanceof Partly && { stored: error.stored }),
        ...(isSlow(error) && { slow: true as const }),
      };
      remember(machine, account, failedState(before, failed));
      if (often && isSlow(error)) await beginDay(machine);
      wrong.push(`account ${account} has no new backup: ${why}`);
    }
  };
  for (const record of inTurn(records, (account) => readState(machine, account))) {
    const { account } = record;
    if (only.length > 0 && !only.includes(account)) continue;
    if (often && !minutesOf.has(account)) continue;
    const before = readState(machine, account);
    if (due && !isDue(before, minutesOf.get(account), Date.now())) continue;
    if (often && isForDay(before)) {
      if (dayHelps(before, Date.now())) await beginDay(machine);
      continue;
    }
    await one(record);
  }
  if (often) return wrong;
  // What is newest has come for all of them.
  forgetSpooled(machine, new Set(records.map(({ account }) => account)), Date.now());
  const turns = bringTurns(records, (account) => readState(machine, account), Date.now());
  const waiting = turns.flatMap((record) => {
    const [keeper] = keepersOf(bundle, record);
    return keeper && (only.length === 0 || only.includes(record.account)) ? [{ record, keeper }] : [];
  });
  const stays = await bringAll(machine, waiting, unanswered, due, async (record, keeper) => {
    const { account } = record;
    const newest = readState(machine, account)?.last?.time;
    const longest = longestFor(diskLimit(bundle, account));
    const came = await withBackup(machine, account, () =>
      bringWaiting(machine, bundle.host, record, keeper, newest, longest),
    );
    machine.say(`account ${account}: ${came} backups that waited have come to ${keeper.name}`);
    // The standby follows what came last.
    if (came > 0 && minutesOf.has(account)) await one(record);
  });
  return [...wrong, ...stays];
}

/** A full disk of this host is no reason to leave the other accounts without a backup. */
function remember(machine: Machine, account: number, state: BackupState): void {
  try {
    writeState(machine, account, state);
  } catch (error) {
    machine.say(`account ${account}: the state of its backups cannot be written: ${String(error)}`);
    leaveOpen(machine, account);
  }
}

/** The run for all accounts, if it is not under way. */
async function beginDay(machine: Machine): Promise<void> {
  const { status, stderr } = await machine.run("systemctl", ["start", "--no-block", "fairhost-backup.service"]);
  if (status !== 0) machine.say(`fairhost-backup.service does not start: ${stderr.trim()}`);
}

/** Its files took longer than they may. */
class TooSlow extends ApplyError {}

/** The files were stored, and not everything else. */
class Partly extends ApplyError {
  readonly stored: Stored;
  /** Because that took too long. */
  readonly isSlow: boolean;
  constructor(message: string, stored: Stored, isSlow: boolean) {
    super(message);
    this.stored = stored;
    this.isSlow = isSlow;
  }
}

const isSlow = (error: unknown) => error instanceof TooSlow || (error instanceof Partly && error.isSlow);

interface How {
  /** Whether the account has a standby. */
  readonly often: boolean;
  /** Seconds that it may take. */
  readonly share: number;
  /** Whether its backup host does not answer. */
  readonly isAway: boolean;
  readonly room: Room;
}

async function backUpOne(
  machine: Machine,
  bundle: Bundle,
  record: BackupRecord,
  keeper: Keeper,
  { often, share, isAway, room }: How,
): Promise<NonNullable<BackupState["last"]>> {
  const { host, groups } = bundle;
  const { account } = record;
  const source = accountDirectory(machine, account);
  // One that waits is another one.
  const isOpen = mayBeOpen(machine, account) || waitingOf(machine, account).snapshots.length > 0;
  await readAgain(machine.run, source, newestStored(readState(machine, account)), isOpen);
  const now = new Date();
  const { epoch, master } = latestMaster(machine);
  const repository = repositoryAt(record, host, epoch, now);
  const open = (which: Repository): Opened => {
    return { machine, account, keeper, name: repositoryName(which), key: backupKey(master, account, epoch) };
  };
  const begun = performance.now();
  const allowed = longestFor(diskLimit(bundle, account));
  const seconds = Math.min(allowed, share);
  const left = () => Math.max(1, seconds - (performance.now() - begun) / 1000);
  const dumping = AbortSignal.timeout((seconds / 2) * 1000);
  const { path: own, isFull } = makeSpool(machine, account);
  try {
    const failed = isFull
      ? enginesIn(source).map((engine) => `databases of ${engine}: the disk is full`)
      : await spoolDatabases(machine, account, source, own, dumping);
    const isLate = dumping.aborted;
    // The account finds its dumps in `admin/backup`. What is added now is for root alone.
    const gid = groups[`account-${account}`]?.account?.gid ?? 0;
    for (const path of [own, ...readdirSync(own).map((name) => join(own, name))]) {
      chownSync(path, 0, gid);
      chmodSync(path, path === own ? 0o750 : 0o640);
    }
    machine.disk.create(join(own, declarationName), `${JSON.stringify(groups[`account-${account}`])}\n`, 0o600, {
      sync: false,
    });
    // With their keys: a restore elsewhere needs none from the CA, which issues only so many a week.
    machine.disk.create(join(own, certificatesName), showCertificates(machine, account), 0o600, { sync: false });
    const parts = ["home", "lib", "admin"].filter((part) => existsSync(join(source, part)));
    const mounts: Mount[] = [
      ...parts.map((part) => ({ from: join(source, part), to: `${inSnapshot}/${part}` })),
      { from: own, to: `${inSnapshot}/databases` },
    ];
    const about = [`--host=${host}`, `--tag=account-${account}`];
    // Not even opened: that counts as a look (components/backup/watch-looks.py).
    const without = `--exclude=${inSnapshot}/admin/backup`;
    const args = ["backup", "--json", "--quiet", "--no-scan", without, ...about, ...mounts.map(({ to }) => to)];
    const branch = often ? branchFor(repository, now, readState(machine, account), failed.length === 0) : undefined;
    let opened = open(branch ?? repository);
    let options: ResticOptions = branch ? {} : cacheIn(opened, room);
    const attempts = async () => {
      const run = () => restic(opened, args, { mounts, longest: left(), ...options });
      const attempt = async () => {
        const result = await run();
        const isEnded = result.ended !== undefined && ![0, incomplete].includes(result.status);
        if (!isEnded || options.cache === undefined) return result;
        machine.say(`account ${account}: restic goes on without a cache: ${result.ended}`);
        options = withoutCache(opened, room);
        return run();
      };
      let result = await attempt();
      for (let tries = 0; tries < mostTries && (result.waited?.file !== undefined || isDoubled(result)); tries++) {
        if (result.waited?.file !== undefined) {
          const file = result.waited.file.slice(inSnapshot.length + 1);
          const [part, topmost = "", ...below] = file.split("/");
          // The directory of the file, and if there is another one, all of its beginning in the home.
          const place = below.length === 0 || tries > 0 ? `${part}/${topmost}` : dirname(file);
          failed.push(`${printable(place)}: ${waitsFor({ file })}`);
          // What is not UTF-8 in the name has been read as U+FFFD.
          const pattern = place.replaceAll(/[*?[\]\\]/g, "\\$&").replaceAll("\ufffd", "*");
          args.push(`--exclude=${inSnapshot}/${pattern}`);
        }
        result = await attempt();
      }
      return result;
    };
    let result = isAway ? undefined : await attempts();
    if (result?.status === noRepository && branch) {
      if (!(await isBranched(opened, left()))) {
        opened = open(repository);
        options = cacheIn(opened, room);
      }
      result = await attempts();
    }
    if (result?.status === noRepository) {
      forgetKnown(opened);
      if (!branch || opened.name !== repositoryName(branch)) options = cacheIn(opened, room);
      await mustRestic(opened, ["init", "--quiet"]);
      result = await attempts();
    }
    if (!result || result.unreachable) {
      const away = result ? failureOf(opened, result, "").message : `${keeper.name} cannot be reached`;
      const waits = await wait(open(repository), room, now, (local, until) => {
        opened = local;
        options = until;
        return attempts();
      });
      throw new Unreachable([away, waits, ...failed.map((each) => `without ${each}`)].filter(Boolean).join("; "));
    }
    const summary = summaryOf(result.stdout);
    if ((result.status !== 0 && result.status !== incomplete) || !summary) {
      const what = `restic backup to ${opened.name} on ${keeper.name}`;
      if (left() > 1) throw failureOf(opened, result, what);
      const why =
        seconds < allowed
          ? `its ${Math.ceil(seconds)} seconds between other accounts were over: fairhost-backup.service goes on with it`
          : "it was ended, because it took longer than its disk limit explains: are there large files with holes?";
      throw new TooSlow(failureOf(opened, result, `${what}: ${why}`).message);
    }
    const stored: Stored = { time: now.toISOString(), repository: opened.name };
    if (opened.name === repositoryName(repository)) await keepKnown(opened, room);
    if (failed.length > 0) throw new Partly(`its files are backed up, but not ${failed.join("; ")}`, stored, isLate);
    return {
      ...stored,
      ended: new Date().toISOString(),
      keeper: keeper.name,
      snapshot: summary.snapshot_id,
      bytes: summary.data_added_packed ?? 0,
      files: summary.total_files_processed ?? 0,
    };
  } finally {
    machine.disk.remove(own);
    trimKnown(machine, account, room);
  }
}

/** Milliseconds that a backup host may take to link all files of a repository, which are many of a large account and may lie on slow disks. */
const branching = 1_800_000;

/** Begins a branch on the backup host. @param seconds that are left @returns false if that is not possible: the repository itself takes the backup then, as it does the first one of each day */
async function isBranched({ machine, account, keeper, name }: Opened, seconds: number): Promise<boolean> {
  const [program, ...args] = sshTo(machine, keeper, account, ["branch", name]);
  const { status, stderr } = await machine.run(program!, args, { timeout: Math.min(branching, seconds * 1000) });
  if (status !== 0) machine.say(`account ${account}: ${keeper.name} begins no branch ${name}: ${stderr.trim()}`);
  return status === 0;
}
