import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KeptRecord, keptRecords, repositoriesDirectory } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { isAhead, type Proof, usualProofDays } from "../../delivery/protocol/proofs.ts";
import { accountDirectory, patience } from "../archives/archives.ts";
import { drilledSince, proofsBegan, storedProofs } from "../drills/proofs.ts";
import { birthOf, lateFor } from "../inspect/checks/backups.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { roomOf, waitingOf } from "../spool/spool.ts";
import { filesOf, readCurrent } from "../store/generations.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";
import { readCopyState, standbysOf } from "./copies.ts";
import { backupsOf, oftenOf } from "./keepers.ts";
import { readExpired } from "./repositories.ts";
import { readState } from "./state.ts";

/**
 * Series of Prometheus, without `fairhost_`: each has the label `account`, and only accounts that the host's bundle declares, so there are never more than these.
 * A time is in seconds since 1970, an age in seconds; what is not known is left out.
 */
export const series = {
  backup_since_timestamp_seconds: "When the account came to this host.",
  backup_last_timestamp_seconds: "When the newest whole backup was begun.",
  backup_allowed_age_seconds: "Age of the newest whole backup from which on drift says that it is late.",
  backup_new_bytes: "Bytes that the newest whole backup added.",
  backup_files: "Files of the newest whole backup.",
  backup_failed_runs_total: "Runs that made no whole backup.",
  backup_waiting: "Backups that wait on this host for a backup host that does not answer.",
  backup_spool_bytes: "Bytes that they take on this host, with what it knows of the account's repository.",
  backup_spool_allowed_bytes: "Bytes that these may take.",
  backup_proof_since_timestamp_seconds: "Since when drills could have restored the account.",
  backup_proof_timestamp_seconds: "When the newest drill that restored all of it was begun.",
  backup_proof_allowed_age_seconds: "Age of the newest proof that the plan allows.",
  backup_restore_seconds: "What the restore of that drill took.",
  backup_failed_drills_total: "Drills that did not restore all of it.",
  backup_copy_timestamp_seconds: "On a standby: when the newest backup that it has a copy of came to the backup host.",
  backup_copy_compared_timestamp_seconds: "On a standby: when its copy last had all that the backup host has.",
  backup_copy_allowed_age_seconds: "On a standby: age of that comparison that the plan allows.",
  repository_newest_timestamp_seconds: "On a backup host: when the newest backup came, by its own clock.",
  repository_bytes: "On a backup host: bytes on the disk that the account's repositories take.",
  repository_allowed_bytes: "On a backup host: bytes that they may take.",
  repository_damaged_files: "On a backup host: files that are not what was written, as last read.",
  repository_expired_timestamp_seconds: "On a backup host: until when backups whose time is over were removed.",
} as const;

const counters: ReadonlySet<keyof typeof series> = new Set(["backup_failed_runs_total", "backup_failed_drills_total"]);

/** Values of an account. */
type Values = { readonly [Name in keyof typeof series]?: number | undefined };

/** The text format of Prometheus. */
export function exposition(accounts: ReadonlyMap<number, Values>): string {
  const names = Object.keys(series) as (keyof typeof series)[];
  return names
    .flatMap((name) => {
      const lines = [...accounts].flatMap(([account, values]) => {
        const value = values[name];
        return value === undefined || !Number.isFinite(value)
          ? []
          : [`fairhost_${name}{account="${account}"} ${value}\n`];
      });
      const type = counters.has(name) ? "counter" : "gauge";
      return lines.length === 0
        ? []
        : [`# HELP fairhost_${name} ${series[name]}\n# TYPE fairhost_${name} ${type}\n`, ...lines];
    })
    .join("");
}

/** Failures of an account that were counted, and when the last of them was: each is counted once, however often the file is written. */
interface Counted {
  readonly runs: number;
  readonly lastRun?: string | undefined;
  readonly drills: number;
  readonly lastDrill?: string | undefined;
}
type AllCounted = Readonly<Record<string, Counted>>;
const areCounted: Schema<AllCounted> = (value): value is AllCounted =>
  isRecord(value) &&
  Object.values(value).every(
    (each) => isRecord(each) && Number.isSafeInteger(each.runs) && Number.isSafeInteger(each.drills),
  );

/** Directory for the text file collector of Prometheus' node exporter. */
const metricsDirectory = ({ layout }: Machine) => join(layout.state, "metrics");

/**
 * Writes what is known of backups for Prometheus, after each run of one of the commands that make, fetch, try or remove them. Signatures of proofs are not checked
 * here, which takes a process each: drift and deploys do.
 */
export async function writeMetrics(machine: Machine, now = Date.now()): Promise<void> {
  const directory = metricsDirectory(machine);
  const { bundle } = readCurrent(machine);
  const path = join(directory, "backups.json");
  const before = readOwnIfWhole(path, areCounted) ?? {};
  const { accounts, counted } = ownBackups(machine, bundle, before, now);
  for (const { account, minutes } of standbysOf(bundle)) {
    const { copy, compared, since } = readCopyState(machine, account) ?? {};
    accounts.set(account, {
      backup_since_timestamp_seconds: secondsOf(since, now),
      backup_copy_timestamp_seconds: secondsOf(copy?.time, now),
      backup_copy_compared_timestamp_seconds: secondsOf(compared, now),
      backup_copy_allowed_age_seconds: minutes * 60,
    });
  }
  for (const [account, values] of await repositories(machine, bundle)) accounts.set(account, values);
  machine.disk.makeDirectory(directory, 0o700);
  if (JSON.stringify(counted) !== JSON.stringify(before))
    machine.disk.replace(path, `${JSON.stringify(counted)}\n`, 0o600, { sync: false });
  machine.disk.replace(join(directory, "backups.prom"), exposition(accounts), 0o600, { sync: false });
}

/** What is dated in the future says nothing of an age. */
function secondsOf(time: string | number | undefined, now: number): number | undefined {
  if (time === undefined || isAhead(time, now)) return undefined;
  return Math.floor((typeof time === "number" ? time : Date.parse(time)) / 1000);
}

function ownBackups(machine: Machine, bundle: Bundle, before: AllCounted, now: number) {
  const minutesOf = oftenOf(bundle);
  const stored = storedProofs(machine);
  const began = proofsBegan(machine);
  const room = roomOf(machine, bundle);
  const accounts = new Map<number, Values>();
  const counted: Record<string, Counted> = {};
  for (const { account, proofDays = usualProofDays } of backupsOf(bundle)) {
    const { last, failed } = readState(machine, account) ?? {};
    const proofs = (stored.get(account) ?? []).flatMap(({ text }) => readText(text));
    const proof = proofs.findLast(({ outcome, time }) => outcome === "restored" && !isAhead(time, now));
    const old = before[account] ?? { runs: 0, drills: 0 };
    const failedDrills = proofs.filter(({ outcome }) => outcome === "failed");
    // Those after the one that was counted last; all, if that is forgotten by now.
    const newDrills = failedDrills.slice(failedDrills.findLastIndex(({ time }) => time === old.lastDrill) + 1);
    const isNew = failed !== undefined && failed.time !== old.lastRun;
    const own: Counted = {
      runs: old.runs + (isNew ? 1 : 0),
      lastRun: failed?.time ?? old.lastRun,
      drills: old.drills + newDrills.length,
      lastDrill: failedDrills.at(-1)?.time ?? old.lastDrill,
    };
    counted[account] = own;
    const spool = room.seen(account);
    accounts.set(account, {
      backup_since_timestamp_seconds: secondsOf(birthOf(machine, account), now),
      backup_last_timestamp_seconds: secondsOf(last?.time, now),
      backup_allowed_age_seconds: lateFor(minutesOf.get(account)) / 1000,
      backup_new_bytes: last?.bytes,
      backup_files: last?.files,
      backup_failed_runs_total: own.runs,
      backup_waiting: waitingOf(machine, account).snapshots.length,
      backup_spool_bytes: spool.bytes,
      backup_spool_allowed_bytes: spool.allowed,
      backup_proof_since_timestamp_seconds: secondsOf(drilledSince(machine, account, now, began), now),
      backup_proof_timestamp_seconds: secondsOf(proof?.time, now),
      backup_proof_allowed_age_seconds: proofDays * 86_400,
      backup_restore_seconds: proof?.seconds.restore,
      backup_failed_drills_total: own.drills,
    });
  }
  return { accounts, counted };
}

function readText(text: unknown): Proof[] {
  try {
    const read: unknown = JSON.parse(`${text}`);
    const isWhole = isRecord(read) && typeof read.time === "string" && isRecord(read.seconds);
    return isWhole ? [read as unknown as Proof] : [];
  } catch {
    return [];
  }
}

/** Of a backup host, each account's as its own user: what another host has put there leads nowhere. */
async function repositories(machine: Machine, bundle: Bundle): Promise<ReadonlyMap<number, Values>> {
  const { until, damaged = [] } = readExpired(machine) ?? {};
  const values = new Map<number, Values>();
  for (const { path, content } of filesOf(bundle).values()) {
    if (!path.startsWith(keptRecords) || content === undefined) continue;
    const { account } = JSON.parse(content) as KeptRecord;
    const { uid, quotas = [] } = bundle.groups[`account-${account}`]!.account!;
    const directory = join(accountDirectory(machine, account), repositoriesDirectory);
    const allowed = quotas.find((quota) => quota.path === ".")?.bytes;
    let seen: Values = {};
    try {
      if (existsSync(directory)) seen = await lookInto(machine, directory, uid);
    } catch (error) {
      // What cannot be told of one account is left out, and keeps nothing of others from being said.
      machine.say(`metrics of account ${account}: ${(error as Error).message}`);
    }
    values.set(account, {
      ...seen,
      repository_allowed_bytes: allowed,
      repository_damaged_files: damaged.filter((file) => file.startsWith(`${directory}/`)).length,
      ...(until !== undefined && { repository_expired_timestamp_seconds: Math.floor(until / 1000) }),
    });
  }
  return values;
}

async function lookInto(machine: Machine, directory: string, uid: number): Promise<Values> {
  const as = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs", "--"];
  const run = async (...words: readonly string[]) => {
    const { status, stdout, stderr } = await machine.run("nice", ["-n", "10", "setpriv", ...as, ...words], {
      timeout: patience,
    });
    // Locks come and go while others look, as often as the host that holds them likes.
    const onlyGone = stderr
      .trim()
      .split("\n")
      .every((line) => line.endsWith(": No such file or directory"));
    if (status === 0 || (status === 1 && onlyGone)) return stdout;
    throw new ApplyError(`${words[0]} ended with ${status}: ${stderr.trim().slice(-1000)}`);
  };
  // Files that branches share with their repository count once.
  const bytes = Number.parseInt(await run("du", "--summarize", "--block-size=1", "--", directory), 10);
  const which = ["-mindepth", "3", "-maxdepth", "3", "-path", "*/snapshots/*", "-type", "f"];
  const newest = newestOf(await run("find", directory, ...which, "-printf", "%T@\\n"));
  return { repository_bytes: bytes, repository_newest_timestamp_seconds: newest };
}

/** The newest of times in seconds, one a line, of which there may be more than a call may have arguments. @returns whole seconds; undefined without any */
export function newestOf(times: string): number | undefined {
  const newest = times.split("\n").reduce((best, line) => Math.max(best, Number.parseInt(line, 10) || 0), 0);
  return newest === 0 ? undefined : newest;
}
