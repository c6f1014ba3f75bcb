import { dirname } from "node:path/posix";
import { sites } from "../../../components/http/sites.host.ts";
import type { Bundle, BundleFile, BundleGroup, Group } from "../../../delivery/protocol/bundle.ts";
import { securedNames } from "../../../delivery/protocol/certificates.ts";
import { sealGroup } from "../../../delivery/protocol/digest.ts";
import { changedGroups } from "../../apply/hooks/choose.ts";

/** A group that cannot have a new file while another one keeps its old ones, and the path that both have. */
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

/**
 * What groups can have while others keep all their old files: everything but the paths of these. Else a suspension, or the removal of a key, would wait for a host name.
 * What a group says elsewhere about a name that it cannot have yet waits too: certificates and WebDAV would be of another's name.
 * @returns the groups, and what each of them waits for
 */
export function withoutKept(groups: Groups["groups"], kept: Groups["groups"]): Groups & { readonly taken: Taken[] } {
  const owners = new Map(
    (Object.entries(kept) as [Group, BundleGroup][]).flatMap(([from, { files }]) =>
      files.map(({ path }) => [path, from] as const),
    ),
  );
  const left = { ...groups };
  const taken: Taken[] = [];
  for (const [group, { files, units, account }] of Object.entries(groups) as [Group, BundleGroup][]) {
    const paths = new Set(files.flatMap(({ path }) => (owners.has(path) ? path : [])));
    if (paths.size === 0) continue;
    taken.push(...[...paths].map((path) => ({ group, from: owners.get(path)!, path })));
    const names = new Set([...paths].flatMap((path) => hostnameOf(path) ?? []));
    const others = files.filter(({ path }) => !paths.has(path) && !names.has(hostnameOf(path) ?? ""));
    left[group] = sealGroup({
      files: others.flatMap((file) => withoutNames(file, names)),
      units,
      ...(account && { account }),
    });
  }
  return { groups: left, taken };
}

const aboutName = sites.ofAccount
  .filter(({ path }) => path.source.includes("(?<hostname>"))
  .map(({ path }) => new RegExp(`^${sites.name}/(?:${path.source})$`));

/** The host name that a file is about. */
function hostnameOf(path: string): string | undefined {
  return aboutName.flatMap((pattern) => pattern.exec(path)?.groups?.hostname ?? [])[0];
}

/** An account's list of names that have certificates, without some of them; any other file as it is. */
function withoutNames(file: BundleFile, names: ReadonlySet<string>): BundleFile[] {
  if (dirname(file.path) !== securedNames || file.content === undefined) return [file];
  const lines = file.content.match(/.+\n/g) ?? [];
  const content = lines.filter((line) => !names.has(line.split(" ")[0]!)).join("");
  return content === "" ? [] : [{ ...file, content }];
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
