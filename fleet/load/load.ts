import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import type { Files, KindName, Located, Place } from "../../components/registry/kind.ts";
import { kindNamed } from "../../components/registry/subject.ts";
import { once } from "../../lib/once.ts";
import { checkAll } from "../check/check.ts";
import type { Entries } from "../check/references.ts";
import { InventoryError, type Path, type Problem } from "./problem.ts";
import { type FleetFiles, readFleet } from "./read-fleet.ts";
import type { Source } from "./source.ts";
import { type Entry, validate } from "./validate.ts";

export { formatProblems, InventoryError } from "./problem.ts";

/** A valid inventory. */
export interface Loaded {
  /** Plain data, frozen, sorted by name or number; does not depend on order and names of account files. */
  readonly fleet: Fleet;
  /**
   * File and line of an element or property, relative to the fleet's directory: `accounts/1204-alice.yaml:7`.
   * @param kind name of the kind, as in a subject
   * @param name as in a subject
   * @param path property path, for example `powerSupplies.1.chain`; for one that is not in the file, the place of its nearest parent is returned
   * @returns `undefined` if there is nothing of this kind and name
   */
  where(kind: KindName, name: string, path?: string): string | undefined;
}

/**
 * Reads a whole inventory: every kind of file in the registry, and no other files. Writes nothing.
 * @throws {InventoryError} with all problems together
 */
export async function loadFleet(directory: string): Promise<Loaded> {
  return loadFiles(directory, readFleet(directory));
}

/**
 * The same of files that were read already.
 * @param directory named in errors
 * @throws {InventoryError} with every problem at once
 */
export function loadFiles(directory: string, read: FleetFiles): Loaded {
  const { entries, problems } = entriesOf(read);
  problems.push(...checkAll(entries));
  if (problems.length > 0) throw new InventoryError(directory, problems);

  const whole = Object.entries(entries).map(([key, own]) => [key, wholeOf(fileKinds[key as FileKey], own)]);
  return { fleet: freeze(Object.fromEntries(whole)) as unknown as Fleet, where: finder(entries) };
}

/** Checks a file of a kind against its schema, once: two states of a fleet share most of their sources. */
const validated = Object.fromEntries(
  Object.entries(fileKinds).map(([key, { schema }]) => [key, once((source: Source) => validate(schema, source))]),
) as Readonly<Record<FileKey, (source: Source) => ReturnType<typeof validate>>>;

/** Every file of an inventory by its kind, checked by itself, and what is wrong with it. */
export function entriesOf(read: FleetFiles): { readonly entries: Entries; readonly problems: Problem[] } {
  const problems: Problem[] = [...read.problems];
  const all = Object.keys(fileKinds).map((key): [string, Entry<unknown>[]] => {
    const own = read.sources.filter((each) => each.key === key).map(({ source }) => validated[key as FileKey](source));
    problems.push(...own.flatMap((each) => each.problems));
    return [key, own.map(({ entry }) => entry)];
  });
  return { entries: Object.fromEntries(all) as unknown as Entries, problems };
}

/** Content of the files of one kind, sorted. */
function wholeOf({ path, sortedBy, fallback }: FileKind, entries: readonly Entry<unknown>[]): unknown {
  const isFolder = path.endsWith("/");
  if (!isFolder && entries.length === 0) return fallback;
  const whole = isFolder ? entries.map((entry) => entry.whole) : entries[0]!.whole;
  if (sortedBy === undefined || !Array.isArray(whole)) return whole;
  const by = (item: unknown) => (item as Record<typeof sortedBy, string | number>)[sortedBy];
  return whole.toSorted((left, right) => (by(left) < by(right) ? -1 : by(left) > by(right) ? 1 : 0));
}

function finder(entries: Entries): Loaded["where"] {
  const files = filesOf(entries);
  return (kind, name, path) => {
    const parts = (path ?? "").split(".").filter((part) => part !== "");
    const waiver = /^waivers\.(\d+)$/.exec(path ?? "")?.[1];
    if (waiver !== undefined) return lineOf(placeOfWaiver(files, `${kind} ${name}`, Number(waiver)));
    const place = kindNamed(kind)?.place(files, name);
    return lineOf(place && { ...place, path: [...place.path, ...numbered(parts)] });
  };
}

/** The files of a sound inventory, as kinds look into them. */
export function filesOf(entries: Entries): Files {
  const located = new Map<FileKey, Located[]>();
  const byName = new Map<string, Located>();
  for (const [key, { sortedBy, path }] of Object.entries(fileKinds) as [FileKey, FileKind][]) {
    const own = (entries[key] as readonly Entry<unknown>[]).map(
      ({ source, whole }): Located => ({ file: source.file, whole, at: source.at }),
    );
    located.set(key, own);
    if (!path.endsWith("/") || sortedBy === undefined) continue;
    for (const file of own) byName.set(`${key} ${(file.whole as Record<string, unknown>)[sortedBy]}`, file);
  }
  return {
    entry: (key, name) => byName.get(`${key} ${name}`) as never,
    all: (key) => located.get(key) as never,
  };
}

function lineOf(place: Place | undefined): string | undefined {
  return place && `${place.source.file}:${place.source.at(place.path, "key").line}`;
}

/** The place of a resource's waiver. @param index position among the waivers of this resource */
function placeOfWaiver(files: Files, resource: string, index: number): Place | undefined {
  const [source] = files.all("waivers");
  const own = [...((source?.whole ?? []) as Fleet["waivers"]).entries()].filter(
    ([, waiver]) => waiver.resource === resource,
  );
  const position = own[index]?.[0];
  return position === undefined ? undefined : { source: source!, path: [position] };
}

function numbered(parts: readonly string[]): Path {
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
