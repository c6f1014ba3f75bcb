import { existsSync } from "node:fs";
import { join } from "node:path";
import { patience } from "../archives/archives.ts";
import type { Run } from "../os/machine.ts";
import type { Stored } from "./state.ts";

/**
 * Gives files that changed while the backup before this one was made another time of change of the inode, by setting the time when they were last
 * read: restic, which goes by times and size, reads them again. A program that has mapped a file (SQLite, LMDB) goes on writing to a page without a
 * new time, until the kernel has written that page to the disk; what it wrote after restic had read the file would come into a backup only with the
 * next change. An account that runs makes files vanish meanwhile: nothing of this is an error. No file is opened.
 * @param source the account's directory
 * @param before the newest backup, if there is one
 * @param isOpen whether another one may have been made since, and have been cut off before it was written down
 */
export async function readAgain(
  run: Run,
  source: string,
  before: Pick<Stored, "time" | "ended"> | undefined,
  isOpen: boolean,
): Promise<void> {
  const patiently = (...words: string[]) => run("nice", ["-n", "10", ...words], { timeout: patience });
  // From now on the first write to each page gives its file a new time.
  await patiently("sync", "--file-system", source);
  const parts = ["home", "lib"].filter((part) => existsSync(join(source, part)));
  if (!before || parts.length === 0) return;
  const until = before.ended === undefined || isOpen ? [] : ["!", "-newerct", before.ended];
  const changed = ["-xdev", "-type", "f", "-newerct", before.time, ...until];
  const touch = ["-execdir", "touch", "--no-create", "--no-dereference", "--time=access", "--", "{}", "+"];
  // Paths as find makes them from here: an absolute one may be too long for the kernel.
  await patiently("env", `--chdir=${source}`, "find", ...parts, ...changed, ...touch);
}
