import { lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, BundleFile } from "../../delivery/protocol/bundle.ts";
import { once } from "../../lib/once.ts";
import { filesOf, type Generation, modeOf } from "./generations.ts";
import { recordName } from "./layout.ts";

/** Kinds of drift of a file, the worst first. */
export type FileDrift = "file-removed" | "file-changed" | "link-changed" | "owner-changed" | "mode-changed";

/** A file as it was found. What happens to it later gives it another time of change. */
export type Found = Pick<Stats, "ino" | "ctimeMs" | "mtimeMs">;

export interface Drift {
  /** Bundle paths whose file is missing or changed: by hand, by accident, or by a failing disk. */
  readonly changed: ReadonlyMap<string, FileDrift>;
  /** Unexpected files in the generation. */
  readonly unknown: readonly string[];
  /** Inode of every unchanged file and symlink, by bundle path. */
  readonly inodes: ReadonlyMap<string, Found>;
}

/**
 * Compares every file of the generation in force with its bundle: text, mode, owner.
 * @param since milliseconds since 1970: a text is not read whose file has not changed from then on ({@link placedAt}). Default: every text is read.
 */
export function findDrift(directory: string, { bundle }: Pick<Generation, "bundle">, since = 0): Drift {
  const changed = new Map<string, FileDrift>();
  const inodes = new Map<string, Found>();
  const files = filesOf(bundle);
  for (const file of files.values()) {
    const path = `${directory}/${file.path}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const wrong = driftOf(path, stat, file, since);
    if (wrong) changed.set(file.path, wrong);
    else inodes.set(file.path, { ino: stat!.ino, ctimeMs: stat!.ctimeMs, mtimeMs: stat!.mtimeMs });
  }
  const unknown = walk(directory, since, directoriesOf(bundle)).filter(
    (path) => path !== recordName && !files.has(path),
  );
  return { changed, inodes, unknown };
}

/**
 * When the files of a generation were as its record has them, in milliseconds since 1970. The kernel moves a file's time of change with whatever is done to it, by hand
 * too, and no program can set it back. The record itself says it: its own time would be that of whoever has put it back, of another day perhaps.
 * @returns 0 if nobody can tell: an older release made it, or that time has not come, so that the clock was wrong
 */
export function placedAt({ placed = 0 }: Pick<Generation, "placed">): number {
  return placed > Date.now() ? 0 : placed;
}

function driftOf(path: string, stat: Stats | undefined, file: BundleFile, since: number): FileDrift | undefined {
  if (!stat) return "file-removed";
  if (file.link !== undefined) {
    return stat.isSymbolicLink() && readlinkSync(path) === file.link ? undefined : "link-changed";
  }
  if (!stat.isFile()) return "file-changed";
  if (stat.ctimeMs >= since && readFileSync(path, "utf8") !== file.content) return "file-changed";
  if (stat.uid !== 0 && process.getuid?.() === 0) return "owner-changed";
  return (stat.mode & 0o7777) === modeOf(file) ? undefined : "mode-changed";
}

/** The directories inside each directory of a bundle's files, by bundle path with its slash; of the generation itself an empty path. */
const directoriesOf = once((bundle: Bundle): ReadonlyMap<string, ReadonlySet<string>> => {
  const inside = new Map<string, Set<string>>([["", new Set(bundleFolders.map(({ name }) => `${name}/`))]]);
  const add = (path: string) => {
    if (inside.has(path)) return;
    inside.set(path, new Set());
    const above = path.slice(0, path.lastIndexOf("/", path.length - 2) + 1);
    add(above);
    inside.get(above)!.add(path);
  };
  for (const path of inside.get("")!) inside.set(path, new Set());
  let last = "";
  for (const path of filesOf(bundle).keys()) {
    const directory = path.slice(0, path.lastIndexOf("/") + 1);
    if (directory !== last) add(directory);
    last = directory;
  }
  return inside;
});

/** Names of files below a directory. One that has not changed since has the names of then: only its directories are gone through. */
function walk(
  directory: string,
  since: number,
  known: ReadonlyMap<string, ReadonlySet<string>>,
  prefix = "",
): string[] {
  const path = `${directory}/${prefix}`;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  const inside = known.get(prefix);
  if (inside && stat.ctimeMs < since) return [...inside].flatMap((each) => walk(directory, since, known, each));
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(directory, since, known, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  );
}
