import { existsSync, lstatSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Machine } from "../os/machine.ts";
import { directoryMode, recordName } from "./layout.ts";

/**
 * Keeps a generation that nobody needs any more: the next one is made of it. Nearly every name in it is one the next has,
 * too, so what an apply does to the disk follows what changed, not how many accounts there are.
 */
export function keepAsSpare({ disk, layout }: Machine, path: string): void {
  disk.remove(layout.spare);
  // Without its record it is never taken for a complete generation again.
  disk.remove(join(path, recordName));
  disk.rename(path, layout.spare, { sync: false });
}

/** What a new generation has from the spare. */
export interface Taken {
  /** Bundle paths that are as wanted. Nothing else is there. */
  readonly there: Set<string>;
  /** Directories that are there and in which something went. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Makes the spare the directory of a new generation, if there is one, and clears away what does not fit. The spare's own
 * history counts for nothing: a name stays only if it leads to the very file that is in force and was just found as written.
 * @param fits whether an inode is what the new generation has under a bundle path
 */
export function takeSpare(machine: Machine, directory: string, fits: Clearing["fits"]): Taken {
  const { disk, layout } = machine;
  const there = new Set<string>();
  const touched = new Set<string>();
  if (!existsSync(layout.spare)) return { there, touched };
  // After a power cut the record may be back; under a generation's name it would make this one complete.
  disk.remove(join(layout.spare, recordName));
  disk.syncDirectory(layout.spare);
  disk.rename(layout.spare, directory, { sync: false });
  clear(machine, directory, "", { fits, there, touched });
  return { there, touched };
}

interface Clearing {
  readonly fits: (path: string, inode: number) => boolean;
  readonly there: Set<string>;
  readonly touched: Set<string>;
}

/** @returns whether anything is left in it */
function clear(machine: Machine, root: string, prefix: string, clearing: Clearing): boolean {
  const { fits, there, touched } = clearing;
  let left = false;
  for (const entry of readdirSync(`${root}/${prefix}`, { withFileTypes: true })) {
    const inside = `${prefix}${entry.name}`;
    const path = `${root}/${inside}`;
    if (entry.isDirectory() && isAsMade(path) && clear(machine, root, `${inside}/`, clearing)) {
      left = true;
    } else if (!entry.isDirectory() && fits(inside, lstatSync(path).ino)) {
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

/** Whether a directory is as the applier makes them. */
function isAsMade(path: string): boolean {
  const { mode, uid } = lstatSync(path);
  return (mode & 0o7777) === directoryMode && uid === process.geteuid!();
}
