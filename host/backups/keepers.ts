import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type askingUser,
  type BackupRecord,
  backupPort,
  backupRecords,
  type Keeper,
  keepersFile,
  keepersKeys,
  type OftenRecord,
  oftenRecords,
} from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { filesOf } from "../store/generations.ts";
import { type BackupState, newestStored } from "./state.ts";

/** Accounts that this host backs up, by number. */
export function backupsOf(bundle: Bundle): BackupRecord[] {
  return [...filesOf(bundle).values()]
    .flatMap(({ path, content }) =>
      path.startsWith(backupRecords) && content !== undefined ? [JSON.parse(content) as BackupRecord] : [],
    )
    .sort((left, right) => left.account - right.account);
}

/** Minutes of accounts of this host that are backed up often, by number. */
export function oftenOf(bundle: Bundle): ReadonlyMap<number, number> {
  const lines = filesOf(bundle).get(oftenRecords)?.content?.split("\n") ?? [];
  const records = lines.filter(Boolean).map((line) => JSON.parse(line) as OftenRecord);
  return new Map(records.map(({ account, minutes }) => [account, minutes]));
}

/** All backup hosts that this host knows. */
export function allKeepers(bundle: Bundle): readonly Keeper[] {
  const text = filesOf(bundle).get(keepersFile)?.content;
  return text === undefined ? [] : (JSON.parse(text) as Keeper[]);
}

/**
 * Backup hosts of an account's backup site; new backups go to the first. Which one that is follows from names and the account's number alone
 * (rendezvous hashing): another backup host takes its share of the accounts over, and no other account changes.
 */
export function keepersOf(bundle: Bundle, { account, site }: BackupRecord): Keeper[] {
  const weight = ({ name }: Keeper) => createHash("sha256").update(`${name} ${account}`).digest("hex");
  return allKeepers(bundle)
    .filter((keeper) => keeper.site === site)
    .map((keeper) => ({ keeper, weight: weight(keeper) }))
    .sort((left, right) => (left.weight < right.weight ? -1 : 1))
    .map(({ keeper }) => keeper);
}

/** How long a backup host is waited for (ssh_config(5)), in seconds. */
export interface Patience {
  readonly ConnectTimeout: string;
  readonly ServerAliveInterval: string;
  readonly ServerAliveCountMax: string;
}

/** One that is gone is noticed after two minutes. */
const patient: Patience = { ConnectTimeout: "20", ServerAliveInterval: "30", ServerAliveCountMax: "4" };

/** Somebody waits for what they look at: one that is gone is noticed after 15 seconds. */
export const hurried: Patience = { ConnectTimeout: "8", ServerAliveInterval: "5", ServerAliveCountMax: "3" };

/**
 * SSH to a backup host as one of its accounts (components/backup/serve.sh), or as the user that may ask about this host. This host proves itself with its own SSH host key, which the
 * inventory has for the deploys; the backup host must have the key that the inventory has for it.
 */
export function sshTo(
  machine: Machine,
  keeper: Keeper,
  as: number | typeof askingUser,
  words: readonly string[],
  patience: Patience = patient,
): readonly string[] {
  const { layout } = machine;
  const options = {
    BatchMode: "yes",
    ...patience,
    GlobalKnownHostsFile: "none",
    IdentitiesOnly: "yes",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: join(layout.current, keepersKeys),
    LogLevel: "ERROR",
  };
  const identities = ["ed25519", "ecdsa", "rsa"]
    .map((type) => layout.at(`/etc/ssh/ssh_host_${type}_key`))
    .filter((path) => existsSync(path));
  return [
    ...["ssh", "-F", "none", "-T", "-p", `${backupPort}`],
    ...Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ...identities.flatMap((path) => ["-i", path]),
    `${typeof as === "number" ? `a${as}` : as}@${keeper.address}`,
    ...(words.length > 0 ? ["--", ...words] : []),
  ];
}

/** Name of a repository on a backup host: whose secret its key follows from, and when it began. */
export interface Repository {
  readonly host: string;
  /** Epoch of that host's master secret. */
  readonly epoch: number;
  /** Days after which the next one begins, and how many of these periods have passed since 1970. */
  readonly days: number;
  readonly period: number;
  /** Of a branch, in which the second and all later backups of a day are: that day, counted from 1970. */
  readonly day?: number;
}

export function repositoryName({ host, epoch, days, period, day }: Repository): string {
  return `${host}.${epoch}.${days}.${period}${day === undefined ? "" : `.${day}`}`;
}

export function readRepositoryName(name: string): Repository | undefined {
  const [, host, epoch, days, period, day] = repositoryPattern.exec(name) ?? [];
  if (host === undefined) return undefined;
  const whole = { host, epoch: Number(epoch), days: Number(days), period: Number(period) };
  return day === undefined ? whole : { ...whole, day: Number(day) };
}

const repositoryPattern = /^([a-z][a-z0-9-]*)\.(\d+)\.(\d+)\.(\d+)(?:\.(\d+))?$/;

export function isBranch(name: string): boolean {
  return readRepositoryName(name)?.day !== undefined;
}

const day = 86_400_000;

/**
 * The repository that a backup goes to. A new one begins after as many days as backups are kept, a week at least: an old one is then removed as
 * a whole, which the backup host can do without its key. The accounts of a host begin theirs on different days.
 */
export function repositoryAt(record: BackupRecord, host: string, epoch: number, now: Date): Repository {
  const days = Math.max(record.retentionDays, 7);
  return { host, epoch, days, period: Math.floor((dayOf(now) + record.account) / days) };
}

/** Days since 1970, in UTC. */
const dayOf = (time: Date) => Math.floor(time.getTime() / day);

/**
 * The branch that a further backup of a day goes to, if accounts are backed up often. On the backup host it begins with links to all files of the repository, so it costs no
 * room and only what is new is brought; and it goes as a whole after two days. So however many backups there are, a repository has one of each day, and a branch those of one.
 * @param state what is known of the account's backups before this one
 * @param isWhole whether this one has all databases
 * @returns undefined for the first backup of a day, which goes to the repository itself, and so does the first whole one: what is in a branch is over after two days
 */
export function branchFor(
  repository: Repository,
  now: Date,
  state: BackupState | undefined,
  isWhole: boolean,
): Repository | undefined {
  const before = isWhole ? state?.last : newestStored(state);
  const branch = { ...repository, day: dayOf(now) };
  if (before === undefined || dayOf(new Date(before.time)) !== branch.day) return undefined;
  return [repository, branch].map(repositoryName).includes(before.repository) ? branch : undefined;
}
