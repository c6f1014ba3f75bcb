import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from "node:fs";
import { dirname, join } from "node:path";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

const openDirectory = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Uid and gid of Debian's www-data: the front end writes the logs of accounts, and reads certificates. */
export const wwwData = 33;

/** A wrong or missing directory of an account. */
export interface WrongDirectory {
  readonly path: string;
  /** Continues a sentence after the path: `is missing`. */
  readonly wrong: string;
  /** Whether `ensureDirectories` repairs it. */
  readonly repairable: boolean;
}

/** Wrong directories of an account. A cheap check that follows no symlink in their place. */
export function wrongDirectories(machine: Machine, account: BundleAccount): WrongDirectory[] {
  const isRoot = process.getuid?.() === 0;
  // Parents come first, so most are known when their children are checked.
  const seen = new Map<string, Stats>();
  return account.directories.flatMap(({ path: inside, owner, mode }): WrongDirectory[] => {
    const path = join(account.directory, inside);
    const at = machine.layout.at(path);
    const now = lstatSync(at, { throwIfNoEntry: false });
    const parent = seen.get(dirname(at));
    // The account may do without a directory of its own: it is made with the account, not kept.
    if (!now && owner === "account" && parent && isArrangedBy(parent, account)) return [];
    if (!now) return [{ path, wrong: "is missing", repairable: true }];
    seen.set(at, now);
    const uid = ownerOf(account, owner);
    if (inside !== "." && isArrangedBy(parent ?? lstatSync(dirname(at)), account)) {
      // The account may do what it likes with its own directories, but not with those of root.
      const taken = uid !== account.uid && (!now.isDirectory() || (isRoot && now.uid !== uid));
      return taken ? [{ path, wrong: `is not a directory of uid ${uid}`, repairable: false }] : [];
    }
    if (!now.isDirectory())
      return [{ path, wrong: "is a symlink or a file instead of a directory", repairable: false }];
    if (isRoot && (now.uid !== uid || now.gid !== account.gid)) {
      const wrong = `belongs to ${now.uid}:${now.gid} instead of ${uid}:${account.gid}`;
      return [{ path, wrong, repairable: true }];
    }
    // The mode of its own directory is the account's to change.
    if ((now.mode & 0o7777) === mode || owner === "account") return [];
    const wrong = `has mode ${(now.mode & 0o7777).toString(8)} instead of ${mode.toString(8)}`;
    return [{ path, wrong, repairable: true }];
  });
}

function ownerOf(account: BundleAccount, owner: BundleAccount["directories"][number]["owner"]): number {
  return owner === "account" ? account.uid : owner === "logs" ? wwwData : 0;
}

/**
 * Creates missing directories of an account, and repairs owner and mode. Files below them belong to somebody who may be hostile: every
 * step opens one name below an already open directory and never follows a symlink; nothing is done recursively, nothing is deleted.
 * Where the account may write, it may replace its own directories with anything.
 * @throws ApplyError if something other than a directory is in the place of a directory.
 */
export function ensureDirectories(machine: Machine, account: BundleAccount): void {
  // Open directories from the root down to the last one: the next one shares most of the path.
  const way = [{ name: "", directory: openSync(machine.layout.at("/"), constants.O_RDONLY | constants.O_DIRECTORY) }];
  try {
    for (const { path, owner, mode } of account.directories) {
      const names = ["", ...join(account.directory, path).split("/").filter(Boolean)];
      const uid = ownerOf(account, owner);
      descend(way, names, { uid, gid: account.gid, mode, account });
    }
  } finally {
    for (const { directory } of way) closeSync(directory);
  }
}

interface Wanted {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly account: BundleAccount;
}

interface Step {
  readonly name: string;
  readonly directory: number;
}

/** Opens the path `names`, reusing the open directories in `way`; creates the last one if missing, with its owner and mode. */
function descend(way: Step[], names: readonly string[], last: Wanted): void {
  // The last one is always opened again: its owner and mode are set then.
  const parted = names.findIndex((name, index) => index === names.length - 1 || way[index]?.name !== name);
  const shared = Math.max(parted, 1);
  for (const { directory } of way.splice(shared)) closeSync(directory);
  for (const [index, name] of [...names.entries()].slice(shared)) {
    const wanted = index === names.length - 1 ? last : undefined;
    const directory = openOrMake(way.at(-1)!.directory, name, wanted, names.slice(0, index + 1).join("/"));
    if (directory === undefined) return;
    way.push({ name, directory });
  }
}

function openOrMake(parent: number, name: string, wanted: Wanted | undefined, shown: string): number | undefined {
  // Node has no openat; /proc/self/fd/<n>/<name> resolves the single name below the open directory, which is equivalent.
  const path = `/proc/self/fd/${parent}/${name}`;
  const made = makeUnlessThere(path, wanted ? 0o700 : 0o755);
  let directory: number;
  try {
    directory = openSync(path, openDirectory);
  } catch {
    if (wanted && wanted.uid === wanted.account.uid && mayArrange(parent, wanted.account)) return undefined;
    throw inTheWay(shown, "this is a symlink or a file, not a directory");
  }
  try {
    if (wanted)
      settle(directory, wanted, made ? "made" : mayArrange(parent, wanted.account) ? "theirs" : "ours", shown);
  } catch (error) {
    closeSync(directory);
    throw error;
  }
  return directory;
}

function makeUnlessThere(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** In a directory that the account may write, it may have created anything, and may change its own directories. */
function mayArrange(directory: number, account: BundleAccount): boolean {
  return isArrangedBy(fstatSync(directory), account);
}

function isArrangedBy(stat: Stats, { uid, gid }: BundleAccount): boolean {
  return stat.uid === uid || (stat.gid === gid && (stat.mode & 0o020) !== 0);
}

function settle(
  directory: number,
  { uid, gid, mode, account }: Wanted,
  whose: "made" | "ours" | "theirs",
  shown: string,
): void {
  // Without root (simulations, tests) ownership cannot be set and is ignored.
  const isRoot = process.getuid?.() === 0;
  const now = fstatSync(directory);
  if (whose === "theirs") {
    if (isRoot && uid !== account.uid && now.uid !== uid)
      throw inTheWay(shown, `it belongs to uid ${now.uid}, not ${uid}`);
    return;
  }
  const other = isRoot && (now.uid !== uid || now.gid !== gid);
  if (other) fchownSync(directory, uid, gid);
  // Once it belongs to the account, its mode is the account's to change.
  if ((now.mode & 0o7777) !== mode && (uid !== account.uid || whose === "made" || other)) fchmodSync(directory, mode);
}

function inTheWay(shown: string, what: string): ApplyError {
  return new ApplyError(`${shown}: ${what}: move it away on the host and apply again`);
}
