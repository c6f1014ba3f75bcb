import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { keptDays } from "../../delivery/protocol/restores.ts";
import { bytesBelow, removeTree, withArchives } from "../archives/archives.ts";
import { diskLimit } from "../archives/dumps.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";
import { readRestore } from "../store/restores.ts";

/**
 * What a restore needs beside the account, and what it replaced: `/srv/accounts/replaced/<number>/<id>/`, for root alone, on the file system of the
 * accounts, so that it comes into force by renaming; no disk limit counts it. `files` has what is exchanged with the account's directory, `dumps` what comes into
 * databases, `before` dumps of what they had. A directory without the record is of a restore that is not complete.
 */
const directory = "/srv/accounts/replaced";
const recordName = "replaced.json";

/** What a restore replaced. */
export interface Kept {
  /** Until when it is kept, ISO 8601. */
  readonly until: string;
  /** Paths in the account's directory of which `files` has what was there. */
  readonly paths: readonly string[];
  /** Names of dumps in `before`. */
  readonly dumps: readonly string[];
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === "string");

const isKept: Schema<Kept> = (value): value is Kept =>
  isRecord(value) && typeof value.until === "string" && isTexts(value.paths) && isTexts(value.dumps);

/** Directory of one restore. Ids are names: they lead nowhere else. */
export function placeOf({ layout }: Machine, number: number, id: string): string {
  return layout.at(join(directory, `${number}`, id));
}

export function readKept(place: string): Kept | undefined {
  return readOwnIfWhole(join(place, recordName), isKept);
}

export function writeKept({ disk }: Machine, place: string, kept: Omit<Kept, "until">, now = new Date()): void {
  const until = new Date(now.getTime() + keptDays * 86_400_000).toISOString();
  disk.replace(join(place, recordName), `${JSON.stringify({ until, ...kept })}\n`, 0o600);
}

/** Whether a restore is under way: what it has, nobody else touches. */
function isOpen(machine: Machine, number: number, id: string): boolean {
  const known = readRestore(machine, number);
  return known?.id === id && known.phase !== "done" && known.phase !== "failed" && known.phase !== "passed";
}

/**
 * Removes what restores of an account have replaced, the oldest first, until all of it takes no more than the account's disk limit. What the newest one has replaced stays, whatever it takes.
 * For whoever has the account's archives ({@link withArchives}).
 * @param done the restore that has just replaced what was there, although it is not over yet
 * @returns ids of the restores that cannot be undone any more
 */
export async function boundKept(machine: Machine, number: number, done?: string): Promise<string[]> {
  const limit = diskLimit(readCurrent(machine).bundle, number);
  const all = machine.layout.at(join(directory, `${number}`));
  if (limit === undefined || !existsSync(all)) return [];
  const newestFirst = readdirSync(all)
    .flatMap((id) => {
      const kept = id !== done && isOpen(machine, number, id) ? undefined : readKept(placeOf(machine, number, id));
      return kept ? [{ id, until: Date.parse(kept.until) }] : [];
    })
    .sort((left, right) => right.until - left.until);
  let bytes = 0;
  const removed: string[] = [];
  for (const [index, { id }] of newestFirst.entries()) {
    if (newestFirst.length === 1) break;
    const place = placeOf(machine, number, id);
    bytes += (await bytesBelow(machine, place)) ?? 0;
    if (index === 0 || bytes <= limit) continue;
    await removeTree(machine, place);
    removed.unshift(id);
  }
  return removed;
}

/**
 * Removes what restores have replaced when its time is over, or when it is {@link boundKept too much}, and what interrupted ones have left that nobody goes on with.
 * @returns the removed paths
 * @throws ApplyError if some cannot be removed; the others are removed all the same
 */
export async function purgeReplaced(machine: Machine, now: Date): Promise<string[]> {
  const removed: string[] = [];
  const wrong: string[] = [];
  const all = machine.layout.at(directory);
  for (const number of existsSync(all) ? readdirSync(all).map(Number).filter(Number.isSafeInteger) : []) {
    try {
      await withArchives(machine, number, async () => {
        for (const id of readdirSync(join(all, `${number}`))) {
          const place = placeOf(machine, number, id);
          const kept = readKept(place);
          if (isOpen(machine, number, id)) continue;
          const known = readRestore(machine, number);
          // Damaged, or never written by a restore that was interrupted at its end: kept as long as one of today.
          if (!kept && known?.id === id && known.phase === "done")
            writeKept(machine, place, { paths: [], dumps: [] }, now);
          else if (!kept || Date.parse(kept.until) < now.getTime()) {
            await removeTree(machine, place);
            removed.push(place);
          }
        }
        for (const id of await boundKept(machine, number)) removed.push(placeOf(machine, number, id));
      });
    } catch (error) {
      wrong.push(error instanceof ApplyError ? error.message : String(error));
    }
  }
  if (wrong.length > 0) throw new ApplyError([...removed.map((path) => `removed ${path}`), ...wrong].join("\n"));
  return removed;
}
