import type { Bundle, Group } from "../../../delivery/protocol/bundle.ts";
import { changedGroups } from "../../apply/hooks/choose.ts";

/** A group that cannot have its new files while another one keeps its old ones, and the path that both have. */
export interface Taken {
  readonly group: Group;
  readonly from: Group;
  readonly path: string;
}

type Groups = Pick<Bundle, "groups">;

/**
 * Who must keep its old files because another group does: a host name that goes from one account to another is one file. Whoever took something from those that follow,
 * follows too.
 * @param keeping groups that keep their old files
 */
export function takenFrom(old: Groups, next: Groups, keeping: readonly Group[]): Taken[] {
  const owners = new Map(
    changedGroups(old, next).flatMap(
      (group) => next.groups[group]?.files.map(({ path }) => [path, group] as const) ?? [],
    ),
  );
  const [kept, taken] = [new Set(keeping), [] as Taken[]];
  for (const from of kept) {
    for (const { path } of old.groups[from]?.files ?? []) {
      const group = owners.get(path);
      if (group === undefined || kept.has(group)) continue;
      kept.add(group);
      taken.push({ group, from, path });
    }
  }
  return taken;
}

/** For a report. */
export function takenInWords({ from, path }: Taken): string {
  return `${from} keeps its old files, which ${path.slice(path.lastIndexOf("/") + 1)} is one of: fix ${from}, then apply again`;
}

/** Paths that more than one group has, in words: a file has one owner. */
export function writtenTwice({ groups }: Groups): string[] {
  const owner = new Map<string, string>();
  const problems: string[] = [];
  for (const [name, group] of Object.entries(groups)) {
    for (const { path } of group!.files) {
      const other = owner.get(path);
      if (other !== undefined) problems.push(`${path} is in the groups ${other} and ${name}`);
      owner.set(path, name);
    }
  }
  return problems;
}
