import { nearest, type Path, type Problem, shown } from "./problem.ts";
import type { Account, Host, Network, Plan, Site, Tombstone } from "./schemas/index.ts";
import type { Source } from "./source.ts";
import type { Entry } from "./validate.ts";

/** All entries of a fleet, sound or not, as the checks across files see them. */
export interface Entries {
  readonly network: Entry<Network> | undefined;
  readonly tombstones: Entry<Tombstone[]> | undefined;
  readonly sites: readonly Entry<Site>[];
  readonly hosts: readonly Entry<Host>[];
  readonly plans: readonly Entry<Plan>[];
  readonly accounts: readonly Entry<Account>[];
}

/** A value and where it stands. */
export interface Placed<T> {
  readonly value: T;
  readonly source: Source;
  readonly path: Path;
}

/** The places where a value is there; what is missing was reported by the schema. */
export function placed<T>(source: Source, path: Path, value: T | undefined): Placed<T>[] {
  return value === undefined ? [] : [{ value, source, path }];
}

/** Every value once: each later one names the first. `what` begins the message: `account number`. */
export function unique(
  values: readonly Placed<string | number>[],
  what: string,
  mend: string,
  key: (value: string | number) => string | number = (value) => value,
): Problem[] {
  const first = new Map<string | number, Placed<string | number>>();
  return values.flatMap((here) => {
    const taken = first.get(key(here.value));
    if (taken === undefined) {
      first.set(key(here.value), here);
      return [];
    }
    return [here.source.problem(here.path, `${what} ${shown(here.value)} is already taken by ${place(taken)}`, mend)];
  });
}

/** `accounts/1-alice.yaml:3` */
export function place({ source, path }: Placed<unknown>): string {
  return `${source.file}:${source.at(path, "value").line}`;
}

/** A reference to something that must exist. `what` is the thing: `plan`. */
export function known(here: Placed<string>, what: string, names: ReadonlySet<string>, inside = ""): Problem[] {
  if (names.has(here.value)) return [];
  const guess = nearest(here.value, names);
  const list = [...names].sort();
  const shownList =
    list.length === 0
      ? "there are none yet"
      : `known: ${list.slice(0, 10).join(", ")}${list.length > 10 ? ", ..." : ""}`;
  const mend = `${guess === undefined ? `name an existing ${what}, or add it` : `did you mean "${guess}"?`} (${shownList})`;
  return [here.source.problem(here.path, `there is no ${what} ${shown(here.value)}${inside}`, mend)];
}

/** Names of entries by their files: an entry whose file cannot be read still takes its name. */
export function names<T extends { name: string }>(entries: readonly Entry<T>[]): Set<string> {
  return new Set(entries.map((entry) => nameOf(entry)));
}

export function nameOf<T extends { name: string }>(entry: Entry<T>): string {
  const loose = entry.loose as { name?: string };
  return loose.name ?? entry.source.file.replace(/^.*\/|\.yaml$/g, "");
}

/** A list with positions, without the entries that were not sound. */
export function items<T>(list: readonly (T | undefined)[] | undefined): [number, T][] {
  return (list ?? []).flatMap((item, index): [number, T][] =>
    item === undefined || item === null ? [] : [[index, item]],
  );
}

/** Sites, hosts and plans are found by name: the file says it too. */
export function fileNames<T extends { name: string }>(entries: readonly Entry<T>[]): Problem[] {
  return entries.flatMap(({ source, loose }) => {
    const { name } = loose as { name?: string };
    const [folder, file] = source.file.split("/");
    if (name === undefined || file === `${name}.yaml`) return [];
    return [
      source.problem(
        ["name"],
        `the name ${shown(name)} and the file ${file} differ`,
        `rename the file to ${folder}/${name}.yaml, or correct the name`,
      ),
    ];
  });
}
