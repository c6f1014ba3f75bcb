import { join } from "node:path";
import { isAhead } from "../../delivery/protocol/proofs.ts";
import type { Machine } from "../os/machine.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";

/** A drill that could not be tried, since a backup host is away: that says nothing about the backup. */
export interface Untried {
  /** The first of a row of such drills, ISO 8601. */
  readonly since: string;
  readonly why: string;
}

type All = Readonly<Record<string, Untried>>;

/** Beside the records, but no record: nobody proves with it. */
function fileOf({ layout }: Machine): string {
  return join(layout.state, "proofs", "untried.json");
}

const isAll: Schema<All> = (value): value is All =>
  isRecord(value) &&
  Object.values(value).every(
    (each) => isRecord(each) && typeof each.since === "string" && typeof each.why === "string",
  );

/** By the account's number. */
export function readUntried(machine: Machine): All {
  return readOwnIfWhole(fileOf(machine), isAll) ?? {};
}

/** Remembers what a run of drills could not try, and forgets what it has tried, and accounts that are not here any more. */
export function keepUntried(
  machine: Machine,
  here: ReadonlySet<number>,
  tried: ReadonlySet<number>,
  untried: ReadonlyMap<number, string>,
  now = new Date(),
): void {
  const before = readUntried(machine);
  const kept = Object.entries(before).filter(([number]) => here.has(Number(number)) && !tried.has(Number(number)));
  const added = [...untried].map(([number, why]): [string, Untried] => {
    const since = before[number]?.since;
    const counts = since !== undefined && !isAhead(since, now.getTime());
    return [`${number}`, { since: counts ? since : now.toISOString(), why }];
  });
  const next = Object.fromEntries([...kept, ...added]);
  if (JSON.stringify(next) === JSON.stringify(before)) return;
  machine.disk.replace(fileOf(machine), `${JSON.stringify(next)}\n`, 0o600);
}
