import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { join } from "node:path";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { filesOf, type Generation, modeOf } from "./generations.ts";
import { recordName } from "./layout.ts";

/** Kinds of drift of a file, the worst first. */
export type FileDrift = "file-removed" | "file-changed" | "link-changed" | "owner-changed" | "mode-changed";

export interface Drift {
  /** Bundle paths whose file is missing or changed: by hand, by accident, or by a failing disk. */
  readonly changed: ReadonlyMap<string, FileDrift>;
  /** Unexpected files in the generation. */
  readonly unknown: readonly string[];
  /** Inode of every unchanged file and symlink, by bundle path. */
  readonly inodes: ReadonlyMap<string, number>;
}

/** Compares every file of the generation in force with its bundle: text, mode, owner. */
export function findDrift(directory: string, { bundle }: Pick<Generation, "bundle">): Drift {
  const changed = new Map<string, FileDrift>();
  const inodes = new Map<string, number>();
  const files = filesOf(bundle);
  for (const file of files.values()) {
    const path = `${directory}/${file.path}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    const wrong = driftOf(path, stat, file);
    if (wrong) changed.set(file.path, wrong);
    else inodes.set(file.path, stat!.ino);
  }
  return { changed, inodes, unknown: walk(directory).filter((path) => path !== recordName && !files.has(path)) };
}

function driftOf(path: string, stat: Stats | undefined, file: BundleFile): FileDrift | undefined {
  if (!stat) return "file-removed";
  if (file.link !== undefined) {
    return stat.isSymbolicLink() && readlinkSync(path) === file.link ? undefined : "link-changed";
  }
  if (!stat.isFile() || readFileSync(path, "utf8") !== file.content) return "file-changed";
  if (stat.uid !== 0 && process.getuid?.() === 0) return "owner-changed";
  return (stat.mode & 0o7777) === modeOf(file) ? undefined : "mode-changed";
}

function walk(directory: string, prefix = ""): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(directory, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  );
}
