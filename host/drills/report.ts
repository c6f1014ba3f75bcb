import { type SignedProof, usualProofDays } from "../../delivery/protocol/proofs.ts";
import { printable } from "../../lib/text/text.ts";
import { type CopyState, readCopyState, standbysOf } from "../backups/copies.ts";
import { backupsOf } from "../backups/keepers.ts";
import { type BackupState, readState } from "../backups/state.ts";
import type { Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { drilledSince, type Proven, provenOf, storedProofs } from "./proofs.ts";
import { readUntried, type Untried } from "./untried.ts";

/** What a host knows of how its accounts can be restored. */
export interface Report {
  readonly host: string;
  readonly accounts: readonly (Proven & {
    readonly account: number;
    readonly backup: BackupState;
    readonly proofDays: number;
    /** Since when drills could have restored it: it and drills are there. ISO 8601. Absent if nobody knows. */
    readonly since?: string;
    readonly untried?: Untried;
  })[];
  /** Accounts whose standby this host is, and what it has of them. */
  readonly standby: readonly (CopyState & { readonly account: number })[];
  /** The records of drills of these accounts, as they lie there, by the account's number: whoever trusts this host less than its key reads these. */
  readonly proofs: Readonly<Record<string, readonly SignedProof[]>>;
}

export async function report(machine: Machine): Promise<Report> {
  const { bundle } = readCurrent(machine);
  const stored = storedProofs(machine);
  const untried = readUntried(machine);
  const accounts: Report["accounts"][number][] = [];
  const proofs: Record<string, readonly SignedProof[]> = {};
  const now = Date.now();
  for (const { account, proofDays = usualProofDays } of backupsOf(bundle)) {
    const proven = await provenOf(machine, bundle.host, account, stored, now);
    const since = drilledSince(machine, account, now);
    accounts.push({
      ...{ account, backup: readState(machine, account) ?? {}, proofDays, ...proven },
      ...(since !== undefined && { since: new Date(since).toISOString() }),
      ...(untried[account] && { untried: untried[account] }),
    });
    proofs[account] = stored.get(account) ?? [];
  }
  const standby = standbysOf(bundle).flatMap(({ account }) => {
    const state = readCopyState(machine, account);
    return state ? [{ account, ...state }] : [];
  });
  return { host: bundle.host, accounts, standby, proofs };
}

/** For a person at the console. */
export function formatReport({ accounts, standby }: Report): string {
  const minute = (time: string | undefined) => (time === undefined ? "never" : `${time.slice(0, 16)}Z`);
  const rows = accounts.map(({ account, backup, last, failed, invalid, untried }) => {
    const how = last ? `${last.seconds.restore} s` : "";
    const wrong = invalid
      ? `record of the drill is not valid: ${invalid}`
      : failed
        ? `drill failed: ${failed.wrong[0]}`
        : untried
          ? `not tried since ${minute(untried.since)}: ${untried.why}`
          : "";
    return [`${account}`, minute(backup.last?.time), minute(last?.time), how, printable(wrong)];
  });
  const copies = standby.map(({ account, copy, compared, failed }) => [
    `${account}`,
    minute(copy?.time),
    minute(compared),
    printable(failed?.why ?? ""),
  ]);
  const own = tableOf([["account", "newest backup", "last restored", "took", ""], ...rows]);
  return copies.length === 0
    ? own
    : `${own}${tableOf([["standby of", "newest copy", "last compared", ""], ...copies])}`;
}

function tableOf(all: readonly (readonly string[])[]): string {
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
