import type { FileKey, Fleet, FolderKey } from "../../components/registry/files.generated.ts";
import { nameSchema } from "../../components/schema.ts";
import { shown } from "../../lib/text/text.ts";
import { nearest, type Path, type Problem } from "../load/problem.ts";
import type { Source } from "../load/source.ts";
import type { Entry } from "../load/validate.ts";

/** Content of one file; each file of a folder holds one item. */
type FileOf<K extends FileKey> = K extends FolderKey ? Fleet[K][number] : Fleet[K];

/** All files of a fleet by kind, valid or not, as the checks across files see them. A kind that is a single file has one entry or none. */
export type Entries = { readonly [K in FileKey]: readonly Entry<FileOf<K>>[] };

/** A value and its place in a file. */
export interface Placed<T> {
  readonly value: T;
  readonly source: Source;
  readonly path: Path;
}

/** The value with its place; empty if it is missing, which the schema reports. */
export function placed<T>(source: Source, path: Path, value: T | undefined): Placed<T>[] {
  return value === undefined ? [] : [{ value, source, path }];
}

/** Reports every value that occurred before, with the place of the first one. `what` begins the message: `account number`. */
export function unique(
  values: readonly Placed<string | number>[],
  what: string,
  fix: string,
  key: (value: string | number) => string | number = (value) => value,
): Problem[] {
  const first = new Map<string | number, Placed<string | number>>();
  return values.flatMap((here) => {
    const taken = first.get(key(here.value));
    if (taken === undefined) {
      first.set(key(here.value), here);
      return [];
    }
    return [here.source.problem(here.path, `${what} ${shown(here.value)} is already used at ${place(taken)}`, fix)];
  });
}

/** `accounts/1-alice.yaml:3` */
export function place({ source, path }: Placed<unknown>): string {
  return `${source.file}:${source.at(path, "value").line}`;
}

/** Reports a reference to something that does not exist. `what` is its kind: `plan`. */
export function known(here: Placed<string>, what: string, names: ReadonlySet<string>, inside = ""): Problem[] {
  if (names.has(here.value)) return [];
  const guess = nearest(here.value, names);
  const list = [...names].sort();
  const shownList =
    list.length === 0 ? "none exist yet" : `known: ${list.slice(0, 10).join(", ")}${list.length > 10 ? ", ..." : ""}`;
  const fix = `${guess === undefined ? `use an existing ${what}, or add it` : `did you mean "${guess}"?`} (${shownList})`;
  return [here.source.problem(here.path, `there is no ${what} ${shown(here.value)}${inside}`, fix)];
}

/** Names of entries and of their files, so that a reference to an invalid or wrongly named entry is not reported too. */
export function names<T extends { name: string }>(entries: readonly Entry<T>[]): Set<string> {
  return new Set(entries.flatMap((entry) => [nameOf(entry), stem(entry.source.file)]));
}

export function nameOf<T extends { name: string }>(entry: Entry<T>): string {
  const loose = entry.loose as { name?: string };
  return loose.name ?? stem(entry.source.file);
}

function isName(text: string): boolean {
  return nameSchema.safeParse(text).success;
}

function stem(file: string): string {
  return file.replace(/^.*\/|\.yaml$/g, "");
}

/** A list with positions, without the invalid entries. */
export function items<T>(list: readonly (T | undefined)[] | undefined): [number, T][] {
  return (list ?? []).flatMap((item, index): [number, T][] =>
    item === undefined || item === null ? [] : [[index, item]],
  );
}

/** Of files that are named as their entries are: the file says the name too, so no two have the same. */
export function fileNames<T extends { name: string }>(entries: readonly Entry<T>[]): Problem[] {
  const files = new Set(entries.map(({ source }) => source.file));
  return entries.flatMap(({ source, loose }) => {
    const { name } = loose as { name?: string };
    const file = source.file.replace(/[^/]*$/, `${name}.yaml`);
    if (name === undefined || file === source.file) return [];
    const fix = files.has(file)
      ? `${file} already has this name: ${isName(stem(source.file)) ? `write name: ${stem(source.file)}` : "rename one of the two, and its name"}`
      : `rename the file to ${file}${isName(stem(source.file)) ? `, or write name: ${stem(source.file)}` : ""}`;
    return [source.problem(["name"], `the name ${shown(name)} does not match the file ${source.file}`, fix)];
  });
}
