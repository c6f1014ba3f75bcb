import { existsSync, lstatSync, readdirSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../../os/machine.ts";
import { directoryMode, recordName } from "../layout.ts";

/**
 * Keeps a generation that is no longer needed: the next one is made from it. The next one has nearly all of its names, so the number
 * of disk operations of an apply depends on the changes and not on the number of accounts.
 */
export function keepForNext({ disk, layout }: Machine, path: string): void {
  disk.remove(layout.recycled);
  // Without its record it is never taken for a complete generation.
  disk.remove(join(path, recordName));
  disk.rename(path, layout.recycled, { sync: false });
  disk.setMode(layout.recycled, 0o700);
}

/** Parts of a new generation that come from the recycled one. */
export interface Taken {
  /** Bundle paths that are correct. There are no other files. */
  readonly there: Set<string>;
  /** Directories that exist and from which something was removed. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Makes the recycled generation, if there is one, the directory of the new one, and removes files that do not fit. What it has is not
 * trusted: a name stays only if it is a hard link to the same file that is in force and was just found unchanged.
 * @param fits whether the new generation has this file at a bundle path
 */
export function takeRecycled(machine: Machine, directory: string, fits: Clearing["fits"]): Taken {
  const { disk, layout } = machine;
  const there = new Set<string>();
  const touched = new Set<string>();
  if (!existsSync(layout.recycled)) return { there, touched };
  // After a power cut the record may be back; under the name of a generation it would make this one complete.
  disk.remove(join(layout.recycled, recordName));
  disk.syncDirectory(layout.recycled);
  disk.rename(layout.recycled, directory, { sync: false });
  disk.setMode(directory, directoryMode);
  clear(machine, directory, "", { fits, there, touched });
  return { there, touched };
}

interface Clearing {
  readonly fits: (path: string, stat: Stats) => boolean;
  readonly there: Set<string>;
  readonly touched: Set<string>;
}

/** @returns whether anything remains in it */
function clear(machine: Machine, root: string, prefix: string, clearing: Clearing): boolean {
  const { fits, there, touched } = clearing;
  let left = false;
  for (const entry of readdirSync(`${root}/${prefix}`, { withFileTypes: true })) {
    const inside = `${prefix}${entry.name}`;
    const path = `${root}/${inside}`;
    if (entry.isDirectory() && isAsMade(path) && clear(machine, root, `${inside}/`, clearing)) {
      left = true;
    } else if (!entry.isDirectory() && fits(inside, lstatSync(path))) {
      there.add(inside);
      left = true;
    } else {
      machine.disk.remove(path);
      touched.delete(path);
      touched.add(dirname(path));
    }
  }
  return left;
}

/** Whether a directory has the owner and mode that the applier sets. */
function isAsMade(path: string): boolean {
  const { mode, uid } = lstatSync(path);
  return (mode & 0o7777) === directoryMode && uid === process.geteuid!();
}
