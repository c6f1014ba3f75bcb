import { type Dirent, existsSync, readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { type StandbyRecord, standbyRecords } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { filesOf } from "../store/generations.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";

/** What a standby knows of its copy of an account's backups. The copy is encrypted, and its key is not on this host. */
export interface CopyState {
  /** Since when it is the standby, ISO 8601. */
  readonly since: string;
  /** When it last was the standby, in a run. */
  readonly declared: string;
  /** When the copy last had all that the backup host has, or there was nothing to fetch. */
  readonly compared?: string;
  /** The newest backup in it. */
  readonly copy?: {
    /** When it came to the backup host, by the clock there. */
    readonly time: string;
    readonly keeper: string;
    readonly repository: string;
  };
  /** Why the last run did not bring everything, and whether it was ended because it took too long. */
  readonly failed?: { readonly time: string; readonly why: string; readonly slow?: true };
}

/** Accounts whose standby this host is, by number. */
export function standbysOf(bundle: Bundle): StandbyRecord[] {
  const lines = filesOf(bundle).get(standbyRecords)?.content?.split("\n") ?? [];
  return lines.filter(Boolean).map((line) => JSON.parse(line) as StandbyRecord);
}

/** Where copies of accounts are: for root alone, beside the accounts. */
export function copiesDirectory({ layout }: Machine): string {
  return layout.at("/srv/accounts/standby");
}

export function copyDirectory(machine: Machine, account: number): string {
  return join(copiesDirectory(machine), `${account}`);
}

/** Repositories of an account's copy, by name. A repository without a snapshot is not whole yet. */
export function copiedRepositories(machine: Machine, account: number): string[] {
  const directory = copyDirectory(machine, account);
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter((name) => {
    const snapshots = join(directory, name, "snapshots");
    return existsSync(snapshots) && statSync(snapshots).isDirectory() && readdirSync(snapshots).length > 0;
  });
}

const directoryOf = ({ layout }: Machine) => join(layout.state, "standby");

/** Accounts of which there is a copy, or the beginning of one, or of which something is known. */
export function copiedAccounts(machine: Machine): number[] {
  const names = [directoryOf(machine), copiesDirectory(machine)].flatMap((path) =>
    existsSync(path) ? readdirSync(path) : [],
  );
  const numbers = names.map((name) => Number(name.replace(/\.json$/, ""))).filter(Number.isSafeInteger);
  return [...new Set(numbers)].sort((left, right) => left - right);
}

const stateOf = (machine: Machine, account: number) => join(directoryOf(machine), `${account}.json`);

export function readCopyState(machine: Machine, account: number): CopyState | undefined {
  return readOwnIfWhole(stateOf(machine, account), isState);
}

const isTime = (value: unknown) => typeof value === "string" && !Number.isNaN(Date.parse(value));

const isState: Schema<CopyState> = (value): value is CopyState =>
  isRecord(value) &&
  [value.since, value.declared].every(isTime) &&
  (value.compared === undefined || isTime(value.compared)) &&
  (value.copy === undefined ||
    (isRecord(value.copy) &&
      isTime(value.copy.time) &&
      ["keeper", "repository"].every((key) => typeof (value.copy as never)[key] === "string"))) &&
  (value.failed === undefined || (isRecord(value.failed) && typeof value.failed.why === "string"));

export function writeCopyState(machine: Machine, account: number, state: CopyState): void {
  machine.disk.makeDirectory(directoryOf(machine), 0o700);
  machine.disk.replace(stateOf(machine, account), `${JSON.stringify(state)}\n`, 0o600, { sync: false });
}

export function forgetCopy(machine: Machine, account: number): void {
  machine.disk.remove(copyDirectory(machine, account));
  machine.disk.remove(stateOf(machine, account));
}

/** Files take whole blocks. */
export const onDisk = (bytes: number) => Math.ceil(bytes / 4096) * 4096;

/** All files below a directory, each with its path and what stat(2) says of it. What goes away while it is read is not there. */
export function* filesBelow(directory: string): Generator<readonly [path: string, stat: Stats]> {
  for (const entry of entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    const stat = entry.isFile() ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (stat) yield [path, stat];
  }
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Bytes on the disk of all files below a directory; of those with several names, once. */
export function bytesIn(directory: string): number {
  const bytes = new Map<number, number>();
  for (const [, { ino, size }] of filesBelow(directory)) bytes.set(ino, onDisk(size));
  return [...bytes.values()].reduce((sum, each) => sum + each, 0);
}
