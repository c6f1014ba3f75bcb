import { lstatSync } from "node:fs";
import { join } from "node:path";
import { ApplyError } from "../os/machine.ts";

export const statOf = (path: string) => lstatSync(path, { throwIfNoEntry: false });

/**
 * How far a path below a directory leads through what is there, as its names: all of it, or up to the first that is missing. In a tree in which nobody moves
 * anything meanwhile.
 * @throws ApplyError if something else than a directory is in the way, above all a symlink: root would follow it
 */
export function wayTo(directory: string, path: string): string[] {
  const names = path.split("/");
  for (let count = 1; count < names.length; count++) {
    const part = names.slice(0, count);
    const stat = statOf(join(directory, ...part));
    if (stat === undefined) return part;
    if (!stat.isDirectory())
      throw new ApplyError(
        `${part.join("/")} is ${stat.isSymbolicLink() ? "a symlink" : "no directory"} now, so ${path} cannot come below it: restore ${part.join("/")} instead, or remove it`,
      );
  }
  return names;
}
