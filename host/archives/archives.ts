import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { take } from "../../lib/kernel-lock.ts";
import { ApplyError, type Machine, type RunOptions, type RunResult } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked, readMark, unfinishedCopy } from "../store/moving.ts";
import { isRecord, readOwn, type Schema } from "../store/own-file.ts";

/**
 * Archives of accounts: `/srv/accounts/archives/<number>/<time>/`, beside the accounts, so no disk limit counts them; for root alone. The
 * record is written last: a directory without it is what an interrupted run has left, never taken for an archive, and removed by the next one.
 */
const directory = "/srv/accounts/archives";
const recordName = "archive.json";

/** Written when an archive begins: what changed after it is not in the archive. */
export const begunName = "begun";

/** Milliseconds that tar, zstd or a dump may take. */
export const patience = 24 * 3_600_000;

export interface ArchiveRecord {
  readonly format: 1;
  readonly account: number;
  /** When it was begun, and until when it is kept at least, ISO 8601. */
  readonly begun: string;
  readonly keepUntil: string;
  /** File names with their size in bytes and SHA-256. */
  readonly parts: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

export interface Archive {
  readonly path: string;
  readonly record: ArchiveRecord;
}

export function archivesOf({ layout }: Machine, number: number): string {
  return layout.at(join(directory, `${number}`));
}

/** Directory of an account, whether it is declared or not. */
export function accountDirectory({ layout }: Machine, number: number): string {
  return layout.at(`/srv/accounts/${number}`);
}

/** Numbers of the accounts that have archives, whole or not. */
export function archivedAccounts({ layout }: Machine): number[] {
  return entries(layout.at(directory)).map(Number).filter(Number.isSafeInteger);
}

/** Whole archives of an account, the oldest first, and directories of interrupted runs. @throws ApplyError for a damaged record */
export function readArchives(machine: Machine, number: number): { whole: Archive[]; incomplete: string[] } {
  const whole: Archive[] = [];
  const incomplete: string[] = [];
  for (const name of entries(archivesOf(machine, number)).sort()) {
    const path = join(archivesOf(machine, number), name);
    const record = join(path, recordName);
    // Fails if nobody can tell: a whole archive must not be taken for what an interrupted run has left.
    const read = readOwn(record, isArchiveRecord, "Keep what you need of its directory, then remove that");
    if (read) whole.push({ path, record: read });
    else incomplete.push(path);
  }
  return { whole, incomplete };
}

const isArchiveRecord: Schema<ArchiveRecord> = (value): value is ArchiveRecord =>
  isRecord(value) && ["begun", "keepUntil"].every((key) => typeof value[key] === "string") && isRecord(value.parts);

/** @throws ApplyError if a part is not as it was written */
export async function verify(machine: Machine, { path, record }: Archive): Promise<void> {
  const input = Object.entries(record.parts).map(([name, { sha256 }]) => `${sha256} *${join(path, name)}\n`);
  try {
    await must(machine, "sha256sum", ["--check", "--quiet", "--strict", "-"], { input: input.join("") });
  } catch (error) {
    throw new ApplyError(`the archive ${path} is damaged: ${(error as Error).message}`);
  }
}

/** Makes an archive whole. */
export async function completeArchive(machine: Machine, path: string, record: ArchiveRecord): Promise<void> {
  // All parts are on the disk before the record says so.
  await must(machine, "sync", ["--file-system", path]);
  machine.disk.replace(join(path, recordName), `${JSON.stringify(record, undefined, 2)}\n`, 0o600);
}

/** Removes an archive: the record first, so that what an interrupted run leaves is not whole. */
export async function removeArchive(machine: Machine, path: string): Promise<void> {
  machine.disk.remove(join(path, recordName));
  await removeTree(machine, path);
}

/**
 * Removes a tree in which an account, or another host, has chosen the names. Node's functions find no name that is not UTF-8 and no path of more than 4,096 bytes,
 * and both are easily made; rm(1) opens each name as the bytes that it is, below its open directory. A missing tree is not an error.
 */
export async function removeTree(machine: Machine, path: string): Promise<void> {
  await must(machine, "rm", ["--recursive", "--force", "--one-file-system", "--", path]);
}

function entries(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

/** An account as its data may be read or written by root: nothing of it runs, so nobody moves anything meanwhile. */
export interface Quiet {
  readonly group: Group;
  /** Undefined if the generation in force does not have the account. */
  readonly declared: BundleGroup | undefined;
}

/** Milliseconds that what an ended run has left behind may take to end: a copy that was killed has a process of the account. */
const leftover = 10_000;

/** The account's databases are restored by these, as the account: client and relay to the server (components/database/local.ts). */
const restores = /\/(?:account-\d+-restore-|fairhost-database-local-)[^/]*\.service$/m;

/**
 * @param but `restores`: databases are restored at the same time, which is no work of the account's own
 * @throws ApplyError if anything of the account runs, or may start by itself
 */
export async function requireQuiet(machine: Machine, number: number, but?: "restores"): Promise<Quiet> {
  const group: Group = `account-${number}`;
  const declared = readCurrent(machine).bundle.groups[group];
  const [unit] = isMarked(machine, "held", number) ? [] : (declared?.units ?? []);
  if (unit) {
    throw new ApplyError(
      `account ${number} is in service here (${unit.name}): suspend it (\`suspended\` in its file), deploy, then try again`,
    );
  }
  const home = join(accountDirectory(machine, number), "home");
  const uid = declared?.account?.uid ?? statSync(home, { throwIfNoEntry: false })?.uid;
  for (const end = performance.now() + leftover; ; await sleep(50)) {
    const pids = uid === undefined ? [] : processesOf(machine, uid);
    const pid = pids.find((each) => but === undefined || !restores.test(cgroupOf(machine, each)));
    if (pid === undefined) return { group, declared };
    if (performance.now() < end) continue;
    throw new ApplyError(`process ${pid} of account ${number} still runs: end it (\`kill ${pid}\`), then try again`);
  }
}

/** @throws ApplyError if the account is an unfinished copy of another one, or a restore of it is not complete: its data may be of two */
export function requireNoCopying(machine: Machine, number: number): void {
  if (isMarked(machine, "replacing", number)) {
    throw new ApplyError(
      `restore ${readMark(machine, "replacing", number)} of account ${number} is not complete: run \`fairhost-host restore-declared ${number}\` first`,
    );
  }
  const copy = unfinishedCopy(machine, number);
  if (!copy) return;
  const { from } = copy;
  throw new ApplyError(
    `account ${number} is an unfinished copy of account ${from}: run \`fairhost-host copy ${from} ${number}\` first`,
  );
}

/**
 * Bytes that the files below a directory take, without other file systems. What vanishes while it is counted is not part of it.
 * @returns undefined if directories are exchanged all the time: du(1) then ends by abort(3)
 */
export async function bytesBelow(machine: Machine, directory: string): Promise<number | undefined> {
  const counting = ["-n", "10", "du", "--summarize", "--block-size=1", "--one-file-system", "--", directory];
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, stdout } = await machine.run("nice", counting, { timeout: patience });
    if (status <= 1 && /^\d+\t/.test(stdout)) return Number.parseInt(stdout, 10);
  }
  return undefined;
}

/** Ids of all processes of a user. */
function processesOf({ layout }: Machine, uid: number): string[] {
  const proc = layout.at("/proc");
  return entries(proc).filter(
    (pid) => /^\d+$/.test(pid) && statSync(join(proc, pid), { throwIfNoEntry: false })?.uid === uid,
  );
}

/** What the kernel says of a process's control group, cgroups(7); empty if it has ended. */
function cgroupOf({ layout }: Machine, pid: string): string {
  try {
    return readFileSync(layout.at(`/proc/${pid}/cgroup`), "utf8");
  } catch {
    return "";
  }
}

/** The id of one process of each user that has any, by uid. */
export function processOfEach({ layout }: Machine): ReadonlyMap<number, string> {
  const proc = layout.at("/proc");
  return new Map(
    entries(proc).flatMap((pid) => {
      const uid = /^\d+$/.test(pid) ? statSync(join(proc, pid), { throwIfNoEntry: false })?.uid : undefined;
      return uid === undefined ? [] : [[uid, pid] as const];
    }),
  );
}

/** Seconds that a second run waits: one whose connection was lost ends by itself. */
const turn = 60;

/** One run at a time for each account; deploys go on meanwhile. @throws ApplyError if another one is under way and does not end in a minute */
export async function withArchives<T>(machine: Machine, number: number, work: () => Promise<T>): Promise<T> {
  machine.disk.makeDirectory(machine.layout.at(directory), 0o700);
  machine.disk.makeDirectory(machine.layout.jobs, 0o700);
  const release = await take(join(machine.layout.jobs, `archive-${number}.lock`), turn);
  if (!release) throw new ApplyError(`another run works on the data of account ${number}: wait for it`);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Runs a program that must succeed, without taking CPU from accounts that want it. @throws ApplyError with what it says */
export async function must(
  machine: Machine,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await machine.run("nice", ["-n", "10", program, ...args], { timeout: patience, ...options });
  if (result.status === 0) return result;
  throw new ApplyError(`${program} ended with ${result.status}: ${result.stderr.trim().slice(-1000)}`);
}

/** Arguments of find(1) that leave out what an archive has in other parts: logs, and what servers of databases keep. */
export function filesAlone(source: string): string[] {
  const apart = ["admin", ...engineNames].flatMap((name) => ["-path", join(source, name), "-prune", "-o"]);
  return [source, "-xdev", "-mindepth", "1", ...apart];
}
