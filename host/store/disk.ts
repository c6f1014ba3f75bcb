import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { architectureHere } from "../../lib/architectures.ts";

/** Called before each change with the name of the operation. A test that throws here simulates a crash at that point. */
export type Observer = (operation: string, path: string) => void;

const unfinished = ".new-";

/** Every change of the applier to the file system goes through here, so that tests can stop it at each one. */
export class Disk {
  readonly #observe: Observer;

  constructor(observe: Observer = () => {}) {
    this.#observe = observe;
  }

  /** Creates a directory and its missing parents, with this mode. */
  makeDirectory(path: string, mode = 0o755): void {
    this.#observe("makeDirectory", path);
    mkdirSync(path, { recursive: true, mode });
  }

  /** Writes a new file with its final mode; fails if it exists. `sync: false` leaves durability to a later `syncFileSystem`. */
  create(path: string, content: string | Uint8Array, mode: number, options: { sync: boolean }): void {
    this.#observe(options.sync ? "create" : "create unsynced", path);
    const file = openSync(path, "wx", 0o600);
    try {
      const bytes = Buffer.from(content);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fchmodSync(file, mode);
      if (options.sync) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Replaces a file atomically, by default durably: readers see the old text or the new one. */
  replace(path: string, content: string, mode: number, options: { sync: boolean } = { sync: true }): void {
    const temporary = join(dirname(path), `${unfinished}${process.pid}`);
    this.remove(temporary);
    try {
      this.create(temporary, content, mode, options);
    } catch (error) {
      this.remove(temporary);
      throw error;
    }
    this.rename(temporary, path, options);
  }

  /** Removes temporary files of an interrupted `replace` in a directory. */
  removeUnfinished(directory: string): void {
    for (const name of readdirSync(directory)) if (name.startsWith(unfinished)) this.remove(join(directory, name));
  }

  /**
   * Takes from the mode of a file or directory what is not in this one, and gives it to the first of its owners unless it has one of them. A symlink is not
   * followed; what is gone, or cannot be opened for another reason, stays as it is.
   */
  restrict(path: string, mode: number, owners: readonly [number, ...number[]]): void {
    this.#observe("restrict", path);
    let file: number;
    try {
      file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch {
      return;
    }
    try {
      const stat = fstatSync(file);
      if (process.getuid?.() === 0 && !owners.includes(stat.uid)) fchownSync(file, owners[0], stat.gid);
      fchmodSync(file, stat.mode & 0o7777 & mode);
    } finally {
      closeSync(file);
    }
  }

  /** Sets the mode of a directory that only root can exchange. */
  setMode(path: string, mode: number): void {
    this.#observe("setMode", path);
    chmodSync(path, mode);
  }

  link(existing: string, path: string): void {
    this.#observe("link", path);
    linkSync(existing, path);
  }

  symbolicLink(target: string, path: string): void {
    this.#observe("symbolicLink", path);
    symlinkSync(target, path);
  }

  /** Renames, by default durably, and replaces a file, symlink or empty directory. */
  rename(from: string, to: string, options: { sync: boolean } = { sync: true }): void {
    this.#observe("rename", to);
    renameSync(from, to);
    if (options.sync) this.syncDirectory(dirname(to));
  }

  /** Moves a file or tree, if necessary to another file system. Not atomic. */
  move(from: string, to: string): void {
    this.#observe("move", to);
    execFileSync("mv", ["--no-target-directory", from, to], { stdio: ["ignore", "ignore", "pipe"] });
    this.syncDirectory(dirname(to));
  }

  /** Exchanges two directories atomically (renameat2 with RENAME_EXCHANGE): neither name is ever missing. */
  exchange(one: string, other: string): void {
    this.#observe("exchange", one);
    exchangeNames(one, other);
    this.syncDirectory(dirname(one));
    this.syncDirectory(dirname(other));
  }

  /** Removes a file, symlink or tree, in a tree `first` before everything else. A missing one is not an error. Never follows symlinks. */
  remove(path: string, first?: string): void {
    const entry = lstatSync(path, { throwIfNoEntry: false });
    if (entry) this.#remove(path, entry.isDirectory(), first);
  }

  #remove(path: string, isDirectory: boolean, first?: string): void {
    if (isDirectory) {
      const entries = readdirSync(path, { withFileTypes: true });
      if (first !== undefined) entries.sort((a, b) => Number(b.name === first) - Number(a.name === first));
      for (const entry of entries) this.#remove(join(path, entry.name), entry.isDirectory());
    }
    this.#observe("remove", path);
    if (isDirectory) rmdirSync(path);
    else unlinkSync(path);
  }

  syncDirectory(path: string): void {
    this.#observe("syncDirectory", path);
    const directory = openSync(path, "r");
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }

  /** Makes everything written so far to the file system of `path` durable: one call instead of thousands of fsyncs. */
  syncFileSystem(path: string): void {
    this.#observe("syncFileSystem", path);
    execFileSync("sync", ["-f", path], { stdio: ["ignore", "ignore", "pipe"] });
  }
}

function exchangeNames(one: string, other: string): void {
  try {
    execFileSync("mv", ["--exchange", "--no-target-directory", one, other], { stdio: ["ignore", "ignore", "pipe"] });
  } catch (error) {
    if (!String((error as { stderr?: Buffer }).stderr).includes("--exchange")) throw error;
    // Debian 12 (simulations on a controller): coreutils before 9.5 cannot; perl is essential there. -100 = AT_FDCWD, 2 = RENAME_EXCHANGE.
    const call = `exit(syscall(${architectureHere().renameat2}, -100, $ARGV[0], -100, $ARGV[1], 2) == 0 ? 0 : 1)`;
    execFileSync("perl", ["-e", call, one, other], { stdio: ["ignore", "ignore", "pipe"] });
  }
}
