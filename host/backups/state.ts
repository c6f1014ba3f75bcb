import { existsSync } from "node:fs";
import { uptime } from "node:os";
import { dirname, join } from "node:path";
import { take } from "../../lib/kernel-lock.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";

/** What is known of an account's backups on its host; the backups themselves are elsewhere. */
export interface BackupState {
  /** The newest whole one. */
  readonly last?: {
    /** When it was begun, ISO 8601. */
    readonly time: string;
    /** When it was made; missing in what an older release wrote. */
    readonly ended?: string;
    readonly keeper: string;
    readonly repository: string;
    readonly snapshot: string;
    /** New bytes that were stored. */
    readonly bytes: number;
    readonly files: number;
  };
  /** Why the last run made none, and whether it was ended because it took too long. */
  readonly failed?: {
    readonly time: string;
    readonly why: string;
    readonly slow?: true;
    /** The newest since the last whole one that was stored without all of its databases. */
    readonly stored?: Stored;
  };
}

/** When it was begun, ISO 8601, and where it is. */
export interface Stored {
  readonly time: string;
  /** When it was made, if it is whole. */
  readonly ended?: string;
  readonly repository: string;
}

/** What is known after a run that failed. */
export function failedState(before: BackupState | undefined, failed: NonNullable<BackupState["failed"]>): BackupState {
  const stored = failed.stored ?? before?.failed?.stored;
  return { ...(before?.last && { last: before.last }), failed: { ...failed, ...(stored && { stored }) } };
}

/** The newest of what was stored of an account, whole or not. */
export function newestStored(state: BackupState | undefined): Stored | undefined {
  return state?.failed?.stored ?? state?.last;
}

/**
 * Directory for dumps of an account's databases while they are brought to the backup host, or back: beside the accounts, so no disk limit counts
 * it; for root alone.
 */
export function spoolOf({ layout }: Machine, account: number): string {
  return layout.at(`/srv/accounts/backups/${account}`);
}

/** The same in memory, for a host whose disk is full. */
const inMemory = ({ layout }: Machine, account: number, suffix = ".spool") =>
  join(layout.jobs, `backup-${account}${suffix}`);

/**
 * Whether another backup may have been made since the newest that is known, without a word about it: it was cut off, or there was no room for the word
 * ({@link leaveOpen}). A boot takes away what is in memory.
 */
export function mayBeOpen(machine: Machine, account: number): boolean {
  const ended = newestStored(readState(machine, account))?.ended;
  const isLeft = [spoolOf(machine, account), inMemory(machine, account)].some((path) => existsSync(path));
  return isLeft || ended === undefined || Date.parse(ended) < Date.now() - uptime() * 1000;
}

/** Notes in memory that a backup may be made of which nothing is known. */
export function leaveOpen(machine: Machine, account: number): void {
  machine.disk.makeDirectory(inMemory(machine, account), 0o700);
}

/** Bytes that restic's packs take at most until they are sent: some of 16 MiB and more at a time. */
const packs = 256 << 20;

/** Whether a run has left such a directory ({@link makeSpool}). */
export function hasSpool(machine: Machine, account: number, suffix: string): boolean {
  return [`${spoolOf(machine, account)}${suffix}`, inMemory(machine, account, suffix)].some((path) => existsSync(path));
}

/**
 * Makes an empty directory for root alone, for what a backup or a restore has beside the account: on the disk ({@link spoolOf}), or in memory if that is full,
 * so that a full host goes on bringing its files away. What is there then counts for restic's slice (25 % of the memory), and has no dumps of databases.
 * @param suffix of its name
 */
export function makeSpool(
  machine: Machine,
  account: number,
  suffix = "",
): { readonly path: string; readonly isFull: boolean } {
  const { disk } = machine;
  const places = [`${spoolOf(machine, account)}${suffix}`, inMemory(machine, account, suffix || undefined)] as const;
  // What an interrupted run has left.
  for (const place of places) disk.remove(place);
  const parent = dirname(spoolOf(machine, account));
  disk.makeDirectory(parent, 0o700);
  const isFull = machine.space(parent).freeBytes < packs;
  const path = places[Number(isFull)]!;
  disk.makeDirectory(path, 0o700);
  return { path, isFull };
}

function directoryOf({ layout }: Machine): string {
  return join(layout.state, "backups");
}

export function readState(machine: Machine, account: number): BackupState | undefined {
  return readOwnIfWhole(join(directoryOf(machine), `${account}.json`), isState);
}

const isState: Schema<BackupState> = (value): value is BackupState =>
  isRecord(value) &&
  (value.last === undefined ||
    (isRecord(value.last) &&
      ["time", "keeper", "repository", "snapshot"].every((key) => typeof (value.last as never)[key] === "string"))) &&
  (value.failed === undefined ||
    (isRecord(value.failed) &&
      typeof value.failed.why === "string" &&
      (value.failed.stored === undefined || isStored(value.failed.stored))));

const isStored: Schema<Stored> = (value): value is Stored =>
  isRecord(value) && typeof value.time === "string" && typeof value.repository === "string";

export function writeState(machine: Machine, account: number, state: BackupState): void {
  machine.disk.makeDirectory(directoryOf(machine), 0o700);
  machine.disk.replace(join(directoryOf(machine), `${account}.json`), `${JSON.stringify(state)}\n`, 0o600, {
    sync: false,
  });
}

/** Another run works on the backups of an account. */
export class Busy extends ApplyError {}

/** Seconds that whoever reads backups waits for a run under way: backups of accounts with a standby run at all hours, mostly for seconds. */
export const patientSeconds = 900;

/**
 * One run at a time for each account: it ends what an earlier one has left of programs and files.
 * @param seconds that another one is waited for
 * @throws Busy if another one is under way then
 */
export async function withBackup<T>(
  machine: Machine,
  account: number,
  work: () => Promise<T>,
  seconds = 1,
): Promise<T> {
  machine.disk.makeDirectory(machine.layout.jobs, 0o700);
  const release = await take(join(machine.layout.jobs, `backup-${account}.lock`), seconds);
  if (!release) throw new Busy(`another run works on backups of account ${account}: wait for it`);
  try {
    return await work();
  } finally {
    await release();
  }
}
