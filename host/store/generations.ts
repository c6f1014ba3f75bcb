import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Bundle, BundleAccount, BundleFile, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../delivery/protocol/digest.ts";
import { once } from "../../lib/once.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { recordName } from "./layout.ts";
import { isRecord, readOwn, readOwnIfWhole, type Schema } from "./own-file.ts";
import { dnsDirectory, secretDirectories } from "./secrets.ts";
import { keepForNext } from "./staging/recycle.ts";

/**
 * One complete set of files. `bundle` is what it really contains: a refused group is there with its old files.
 * Stored in the generation as `generation.json`, which is written last: a directory without it is incomplete.
 */
export interface Generation {
  /** Counts up: `12`. */
  readonly number: number;
  readonly bundle: Bundle;
  /** Paths that were repaired after a change by hand: programs may have read the wrong text before. */
  readonly repaired: readonly string[];
  /** When its files were all there, as this run had found or made them, in milliseconds since 1970. An older release did not say it. */
  readonly placed?: number;
}

/** The generation whose hooks completed last, and facts of that moment. */
export interface Applied {
  readonly number: number;
  /** Hash of the loaded firewall; `undefined` if the bundle has none. */
  readonly firewall: string | undefined;
  /** Epoch of the secrets that services read, but for those of the groups in `behind`. */
  readonly epoch: number;
  /** Accounts whose programs still have older secrets: a server has not got the password of this epoch yet. */
  readonly behind?: readonly Group[];
  /** Digest of the bundle that it was made from, if that is another one: some accounts keep older files. */
  readonly from?: string;
}

/** Number of older generations that are kept. */
const kept = 3;

export const noGeneration: Generation = { number: 0, bundle: sealBundle("", {}), repaired: [] };

const isGeneration: Schema<Generation> = (value): value is Generation =>
  isRecord(value) &&
  typeof value.number === "number" &&
  isRecord(value.bundle) &&
  isRecord(value.bundle.groups) &&
  Array.isArray(value.repaired);

const isApplied: Schema<Applied> = (value): value is Applied =>
  isRecord(value) && typeof value.number === "number" && typeof value.epoch === "number";

function readGeneration(directory: string): Generation | undefined {
  return readOwnIfWhole(join(directory, recordName), isGeneration);
}

/**
 * The generation in force. An empty directory is the one before the first.
 * @throws ApplyError if there are files but no readable record: what runs is then not known, and to go on as if nothing did would leave units
 *   of deleted accounts running, unseen
 */
export function readCurrent({ layout }: Machine): Generation {
  const { current } = layout;
  const found = readGeneration(current);
  if (found) return found;
  if (!existsSync(current) || readdirSync(current).length === 0) return noGeneration;
  throw new ApplyError(
    `${join(current, recordName)} is missing or damaged, so it is unknown which generation is in force; nothing was changed. Restore it from a backup; or run \`systemctl stop 'account-*'\`, remove ${current} and ${layout.applied}, and deploy again: everything is made anew, accounts' data and secrets stay`,
  );
}

/** @throws ApplyError if the file is damaged */
export function readApplied({ layout }: Machine): Applied | undefined {
  const remedy =
    "Nothing was changed. Remove it and deploy again: every hook then runs again, accounts' data and secrets stay";
  return readOwn(layout.applied, isApplied, remedy);
}

export function writeApplied({ disk, layout }: Machine, applied: Applied): void {
  disk.replace(layout.applied, JSON.stringify(applied), 0o644);
}

/**
 * When all hooks of a generation had run, in milliseconds since 1970: from then on systemd has read its units as they were.
 * @returns 0 if that has not happened since a run was interrupted, or nobody can tell: the record is damaged, or from a time that has not come
 */
export function completedAt({ layout }: Machine, { number }: Generation): number {
  if (readOwnIfWhole(layout.applied, isApplied)?.number !== number) return 0;
  const { mtimeMs } = statSync(layout.applied);
  return mtimeMs > Date.now() ? 0 : mtimeMs;
}

export function generationDirectory({ layout }: Machine, number: number): string {
  return join(layout.generations, `${number}`);
}

/**
 * Cleans up the directories after a crash at any point: a generation that was just exchanged gets its own name back, an incomplete one
 * is removed. @returns the generation in force
 */
export function settleGenerations(machine: Machine): Generation {
  const { disk, layout } = machine;
  for (const directory of [layout.state, layout.current]) if (!existsSync(directory)) disk.makeDirectory(directory);
  // Others have no use for older generations, whose files nobody compares any more.
  if (!existsSync(layout.generations)) disk.makeDirectory(layout.generations, 0o700);
  for (const directory of [layout.state, layout.secrets, ...secretDirectories(machine), dnsDirectory(machine)]) {
    if (existsSync(directory)) disk.removeUnfinished(directory);
  }
  const current = readCurrent(machine);
  for (const name of readdirSync(layout.generations)) {
    const path = join(layout.generations, name);
    // An older one was in force: it is complete and has its own name, unless its removal was interrupted after its record was removed.
    if (Number(name) < current.number && existsSync(join(path, recordName))) continue;
    const number = readGeneration(path)?.number;
    // A copy of the one in force: somebody has put that back, and its name is kept for it.
    if (number === undefined || number === current.number) discard(machine, path);
    else if (`${number}` !== name) {
      const own = generationDirectory(machine, number);
      if (existsSync(own)) discard(machine, own);
      disk.rename(path, own);
    }
  }
  return current;
}

/**
 * Generations from which the running host may come; first the one whose hooks completed last. Only that one, unless a run was
 * interrupted: then also generations that were, or may have been, in force since.
 */
export function possibleBases(machine: Machine, current: Generation, applied: number): Generation[] {
  const since = storedNumbers(machine).filter((number) => number > applied && number !== current.number);
  const read = (number: number) =>
    number === current.number ? current : (readGeneration(generationDirectory(machine, number)) ?? noGeneration);
  return [...new Set([applied, ...since, current.number])].map(read);
}

/** A number that no generation has had, as far as the directories show. */
export function nextNumber(machine: Machine, current: Generation): number {
  return Math.max(current.number, ...storedNumbers(machine)) + 1;
}

/** Sets aside generations that are no longer needed, once hooks have completed: all but the last few before the one in force. */
export function pruneGenerations(machine: Machine, current: Generation): void {
  const numbers = storedNumbers(machine);
  const stay = new Set(numbers.filter((number) => number < current.number).slice(0, kept));
  const [first, ...more] = numbers.filter((number) => !stay.has(number));
  for (const number of more) discard(machine, generationDirectory(machine, number));
  if (first !== undefined) keepForNext(machine, generationDirectory(machine, first));
}

/** Numbers of the generations beside the one in force, newest first. */
function storedNumbers({ layout }: Machine): number[] {
  if (!existsSync(layout.generations)) return [];
  return readdirSync(layout.generations)
    .map(Number)
    .sort((a, b) => b - a);
}

/** Removes its record first, so that a half removed generation is not taken for complete. */
export function discard({ disk }: Machine, path: string): void {
  disk.remove(path, recordName);
}

type GroupFile = BundleFile & { readonly group: Group };

/** Every file of a bundle by path, with its group. Computed once, because a bundle never changes. */
export const filesOf = once(({ groups }: Bundle): ReadonlyMap<string, GroupFile> => {
  const files = new Map<string, GroupFile>();
  for (const [group, { files: own }] of Object.entries(groups) as [Group, { files: readonly BundleFile[] }][]) {
    for (const file of own) files.set(file.path, { ...file, group });
  }
  return files;
});

/** Every account of a bundle, with its group. */
export function accountsOf({ groups }: Bundle): [Group, BundleAccount][] {
  return (Object.entries(groups) as [Group, Bundle["groups"][Group]][]).flatMap(
    ([name, group]): [Group, BundleAccount][] => (group?.account ? [[name, group.account]] : []),
  );
}

export function sameFile(a: BundleFile, b: BundleFile): boolean {
  return a.content === b.content && a.link === b.link && modeOf(a) === modeOf(b);
}

export function modeOf({ mode }: Pick<BundleFile, "mode">): number {
  return mode ?? 0o644;
}
