import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { BundleFile } from "./bundle.ts";
import { type Generation, modeOf, recordName } from "./generations.ts";

export interface Drift {
  /** Bundle paths whose file is missing or not as written: by hand, by accident, by a failing disk. */
  readonly changed: ReadonlySet<string>;
  /** Files in the generation that no bundle has. */
  readonly unknown: readonly string[];
}

/** Compares every file of the generation in force with what was written there: text, mode, owner. */
export function findDrift(directory: string, { bundle }: Pick<Generation, "bundle">): Drift {
  const changed = new Set<string>();
  const known = new Set<string>([recordName]);
  for (const group of Object.values(bundle.groups)) {
    for (const file of group!.files) {
      known.add(file.path);
      if (!asWritten(join(directory, file.path), file)) changed.add(file.path);
    }
  }
  return { changed, unknown: walk(directory).filter((path) => !known.has(path)) };
}

function asWritten(path: string, file: BundleFile): boolean {
  try {
    if (file.link !== undefined) return readlinkSync(path) === file.link;
    const stat = lstatSync(path);
    const owned = stat.uid === 0 || process.getuid?.() !== 0;
    if (!stat.isFile() || !owned || (stat.mode & 0o7777) !== modeOf(file)) return false;
    return readFileSync(path, "utf8") === file.content;
  } catch {
    return false;
  }
}

function walk(directory: string, prefix = ""): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(join(directory, prefix), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? walk(directory, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`],
  );
}
