import { createHash } from "node:crypto";
import { constants, lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import type { ComparedFiles } from "../../delivery/protocol/proofs.ts";

export interface Comparison extends ComparedFiles {
  /** The first differences, by their path. */
  readonly wrong: readonly string[];
  readonly differences: number;
}

/** Differences that are named. */
const named = 10;

/**
 * Milliseconds before a backup began within which a program may have begun to write to a file that it has mapped (mmap: SQLite, LMDB). The kernel sets
 * the time of a change when a page becomes dirty, and not again before it has written that page to the disk: after 35 seconds, later on a busy disk.
 */
const mappedBefore = 300_000;

/**
 * Compares a restored tree with the one that it is a backup of, which goes on changing. Only what the kernel says has not changed since counts:
 * nobody can set the time of a change of an inode. What programs write through a mapping changes it early ({@link mappedBefore}). A file that
 * differs or lacks says something only if no directory above it has changed either, as whoever renames a directory changes no time of what is below
 * it. Names are bytes: accounts choose them.
 * @param since milliseconds: when the backup began
 * @param left paths below the trees that are left out
 */
export async function compareTrees(
  restored: string,
  live: string,
  since: number,
  left: readonly string[] = [],
): Promise<Comparison> {
  const counts = { restored: 0, bytes: 0, identical: 0, changedSince: 0, differences: 0 };
  const wrong: string[] = [];
  const leftOut = new Set(left);
  const differs = (path: Buffer, how: string) => {
    counts.differences += 1;
    if (wrong.length < named) wrong.push(`${JSON.stringify(path.toString())} ${how}`);
  };
  const isOld = (stat: Stats | undefined) => stat !== undefined && stat.ctimeMs < since;

  async function one(path: Buffer, steady: boolean): Promise<void> {
    const [here, there] = [at(restored, path), at(live, path)];
    const [copy, original] = [look(here)!, look(there)];
    if (copy.isDirectory()) return directory(path, steady && isOld(original) && original!.isDirectory());
    counts.restored += 1;
    counts.bytes += copy.isFile() ? copy.size : 0;
    if (!original || !isOld(original)) counts.changedSince += 1;
    else if (await isSame(here, copy, there, original)) counts.identical += 1;
    else if (steady && !mayBeMapped(copy, original, since)) differs(path, "is not as it was backed up");
    else counts.changedSince += 1;
  }

  async function directory(path: Buffer, steady: boolean): Promise<void> {
    const names = readdirSync(at(restored, path), { encoding: "buffer" });
    for (const name of names) {
      const inside = under(path, name);
      if (!leftOut.has(inside.toString())) await one(inside, steady);
    }
    if (!steady) return;
    const have = new Set(names.map((name) => name.toString("hex")));
    for (const name of readdirSync(at(live, path), { encoding: "buffer" })) {
      const inside = under(path, name);
      if (have.has(name.toString("hex")) || leftOut.has(inside.toString())) continue;
      const original = look(at(live, inside));
      if (isOld(original) && isKept(original!)) differs(inside, "is missing in the backup");
    }
  }

  const root = Buffer.alloc(0);
  const top = look(Buffer.from(live));
  await directory(root, isOld(top) && top!.isDirectory());
  return { ...counts, wrong };
}

/** What a backup has: not sockets, which only live with their program. */
const isKept = (stat: Stats) => stat.isFile() || stat.isDirectory() || stat.isSymbolicLink();

const under = (path: Buffer, name: Buffer) =>
  path.length === 0 ? name : Buffer.concat([path, Buffer.from("/"), name]);
const at = (tree: string, path: Buffer) => Buffer.concat([Buffer.from(`${tree}/`), path]);

function look(path: Buffer): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a difference can be what a program has written since through a mapping, which changes neither size nor mode. */
const mayBeMapped = (copy: Stats, original: Stats, since: number) =>
  copy.isFile() &&
  copy.size === original.size &&
  modeOf(copy) === modeOf(original) &&
  original.ctimeMs >= since - mappedBefore;

const modeOf = ({ mode }: Stats) => mode & (constants.S_IFMT | 0o777);

async function isSame(here: Buffer, copy: Stats, there: Buffer, original: Stats): Promise<boolean> {
  if (copy.isSymbolicLink()) {
    return original.isSymbolicLink() && readlinkSync(here, "buffer").equals(readlinkSync(there, "buffer"));
  }
  if (modeOf(copy) !== modeOf(original)) return false;
  if (!copy.isFile()) return true;
  return copy.size === original.size && (await digest(here)) === (await digest(there));
}

/** Follows no symlink, and waits for nobody who could write into a pipe of that name. */
async function digest(path: Buffer): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const hash = createHash("sha256");
    for await (const part of file.createReadStream({ autoClose: false })) hash.update(part as Buffer);
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
