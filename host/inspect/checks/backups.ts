import { statSync } from "node:fs";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import type { Difference } from "../../../delivery/protocol/inspection.ts";
import { isAhead } from "../../../delivery/protocol/proofs.ts";
import { accountDirectory } from "../../archives/archives.ts";
import { bytesIn, readCopyState, standbysOf } from "../../backups/copies.ts";
import { backupsOf, oftenOf } from "../../backups/keepers.ts";
import { readExpired } from "../../backups/repositories.ts";
import { readState } from "../../backups/state.ts";
import type { Machine } from "../../os/machine.ts";
import { spoolOfAccount, waitingOf } from "../../spool/spool.ts";
import { openRestores } from "../../store/restores.ts";

/** Milliseconds: a day, and half of one in which a run may take its time. */
const late = 36 * 3_600_000;

/** An account with a standby is backed up when half of its minutes are over: a run or two may fail before it is told. */
export const lateFor = (minutes: number | undefined) => (minutes === undefined ? late : 2 * minutes * 60_000);

/** Accounts without a new backup for more than a day, or for twice the minutes that their plan allows if they have a standby, and damaged files that a backup host has found. */
export function lookAtBackups(machine: Machine, bundle: Bundle, now = Date.now()): Difference[] {
  const minutesOf = oftenOf(bundle);
  const lateOnes = backupsOf(bundle).flatMap(({ account }): Difference[] => {
    const { last, failed } = readState(machine, account) ?? {};
    const since = last ? Date.parse(last.time) : birthOf(machine, account);
    const isFuture = since !== undefined && isAhead(since, now);
    const allowed = lateFor(minutesOf.get(account));
    if (since === undefined || (now - since < allowed && !isFuture)) return [];
    const hours = Math.floor((now - since) / 3_600_000);
    const promised = minutesOf.has(account) ? `${allowed / 60_000} minutes` : `${allowed / 3_600_000} hours`;
    const never = isFuture ? "it never had one, and came here in the future" : `it never had one in ${hours} hours`;
    const newest = last ? `its newest is of ${last.time}${isFuture ? ", in the future" : ""}` : never;
    const why = failed ? `; the run of ${failed.time} failed: ${failed.why}` : "";
    return [
      {
        group: `account-${account}`,
        kind: "backup-late",
        what: `account ${account}`,
        message: `account ${account} has no backup of the last ${promised}: ${newest}${why}`,
        repaired: `by hand: see \`journalctl -u fairhost-backup -u fairhost-backup-often\`, then run \`fairhost-host backup ${account}\``,
      },
    ];
  });
  const damaged = (readExpired(machine)?.damaged ?? []).map((path): Difference => {
    return {
      group: "host",
      kind: "backup-damaged",
      what: path,
      message: `${path} is damaged: snapshots that need it cannot be restored completely`,
      repaired:
        "by hand: check the disks, move the whole repository and its branches away, and back the account up on its host (docs/how-to/operate/backups.md#when-a-backup-is-late-or-damaged)",
    };
  });
  return [...lateOnes, ...waitingOnes(machine, bundle), ...damaged, ...lateCopies(machine, bundle, now)];
}

/** Backups that are on this host alone, because no backup host answers. That accounts get none is told by itself, when it has lasted. */
function waitingOnes(machine: Machine, bundle: Bundle): Difference[] {
  const waiting = backupsOf(bundle).flatMap(({ account }) => {
    const { snapshots } = waitingOf(machine, account);
    return snapshots.length === 0 ? [] : [{ account, count: snapshots.length }];
  });
  if (waiting.length === 0) return [];
  const [total, most] = [
    waiting.reduce((sum, { count }) => sum + count, 0),
    Math.max(...waiting.map(({ count }) => count)),
  ];
  const megabytes = Math.ceil(
    waiting.reduce((sum, { account }) => sum + bytesIn(spoolOfAccount(machine, account)), 0) / 1e6,
  );
  return [
    {
      group: "host",
      kind: "backup-waits",
      what: "backups",
      message: `${total} backups of ${waiting.length} accounts, at most ${most} of one, are on this host alone (${megabytes} MB): no backup host answered`,
      repaired:
        "by hand: bring the backup host, or the way to it, back; the next run brings them there (docs/how-to/operate/backups.md#while-no-backup-host-answers)",
      note: true,
    },
  ];
}

/** Declared restores that are not done, or failed and are still asked for. */
export function lookAtRestores(machine: Machine, bundle: Bundle): Difference[] {
  return openRestores(machine, bundle).map(({ number, text }) => {
    return {
      group: `account-${number}`,
      kind: "restore-open",
      what: `account ${number}`,
      message: text,
      repaired: `by hand: \`fairhost-host restore-declared ${number}\` goes on with one that is not complete; take one that failed out of the inventory, or give it a new id`,
    };
  });
}

/** Accounts whose standby this host is, and whose copy here has lacked something for longer than their plan allows. */
function lateCopies(machine: Machine, bundle: Bundle, now: number): Difference[] {
  return standbysOf(bundle).flatMap(({ account, minutes }): Difference[] => {
    const state = readCopyState(machine, account);
    // Its first run has not begun: a timer that stands still is told as such.
    if (!state) return [];
    const { since, compared, copy, failed } = state;
    const age = Math.floor((now - Date.parse(compared ?? since)) / 60_000);
    if (age >= 0 && age <= minutes) return [];
    const newest = copy ? `its newest is of ${copy.time}` : "it has none";
    const why = failed ? `; the run of ${failed.time} failed: ${failed.why}` : "";
    const how =
      age < 0
        ? "was last compared in the future"
        : `has not had all of its backups for ${age} minutes, and its plan allows ${minutes}`;
    return [
      {
        group: "host",
        kind: "standby-late",
        what: `account ${account}`,
        message: `the copy of account ${account} ${how}: ${newest}${why}`,
        repaired: `by hand: see \`journalctl -u fairhost-standby\`, then run \`fairhost-host fetch-backups ${account}\``,
      },
    ];
  });
}

/** When the account came to this host: milliseconds. */
export function birthOf(machine: Machine, account: number): number | undefined {
  return statSync(accountDirectory(machine, account), { throwIfNoEntry: false })?.birthtimeMs;
}
