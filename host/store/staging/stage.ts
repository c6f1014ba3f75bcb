import { existsSync, lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, BundleFile, BundleGroup, Group } from "../../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../../delivery/protocol/digest.ts";
import { changedGroups } from "../../apply/hooks/choose.ts";
import { ApplyError, type Machine } from "../../os/machine.ts";
import type { Found } from "../file-drift.ts";
import {
  discard,
  filesOf,
  type Generation,
  generationDirectory,
  modeOf,
  nextNumber,
  sameFile,
} from "../generations.ts";
import { directoryMode, recordName } from "../layout.ts";
import { takeRecycled } from "./recycle.ts";
import { type Taken, takenFrom, writtenTwice } from "./taken-paths.ts";

/** Up to this number, files are made durable one by one; above it, syncing the whole file system is faster. */
const syncEach = 64;

/** Milliseconds by which the kernel's clock of files may be behind: it goes in steps, of 10 at most. */
const clockStep = 20;

/** What a run knows about the files of the generation in force before it stages another one. */
export interface SeenFiles {
  /** Bundle paths whose files were changed: they are written again. */
  readonly drifted: ReadonlySet<string>;
  /** Every unchanged file as it was found, by bundle path. */
  readonly inodes: ReadonlyMap<string, Found>;
}

/** A generation that is being made beside the one in force. Nothing outside its directory is touched. */
export class Staging {
  readonly directory: string;
  readonly number: number;
  /** Number of files that were written, not hard-linked. */
  written = 0;
  readonly #machine: Machine;
  readonly #current: Generation;
  readonly #old: ReadonlyMap<string, BundleFile>;
  readonly #seen: SeenFiles;
  readonly #directories = new Set<string>();
  /** Directories in which names were added or removed. */
  readonly #touched = new Set<string>();
  /** Bundle paths that are already correct. */
  #there = new Set<string>();
  /** Whether so many files are written that they are made durable together at the end. */
  #together = false;
  #host = "";
  #groups: Partial<Record<Group, BundleGroup>> = {};
  #bundle: Bundle | undefined;
  #placed = 0;

  /** @param seen facts about the generation in force; its changed files are never linked. */
  constructor(machine: Machine, current: Generation, seen: SeenFiles) {
    this.#machine = machine;
    this.#current = current;
    this.#seen = seen;
    this.#old = filesOf(current.bundle);
    this.number = nextNumber(machine, current);
    this.directory = generationDirectory(machine, this.number);
  }

  /** Its current content. */
  get bundle(): Bundle {
    this.#bundle ??= sealBundle(this.#host, { ...this.#groups });
    return this.#bundle;
  }

  /**
   * Writes every file of the bundle, or hard-links it if the generation in force has the same. Reuses a recycled generation if there is one.
   * @throws ApplyError if two groups have one path: whichever came first would lose it without a word
   */
  fill(bundle: Bundle): void {
    const twice = writtenTwice(bundle);
    if (twice.length > 0) throw new ApplyError(`the files cannot be staged: ${twice.join("; ")}`);
    this.#host = bundle.host;
    this.#together = this.#toWrite(bundle) > syncEach;
    const files = filesOf(bundle);
    const { there, touched } = takeRecycled(this.#machine, this.directory, (path, { ino, ctimeMs }) => {
      const file = files.get(path);
      const found = this.#seen.inodes.get(path);
      return file !== undefined && found?.ino === ino && found.ctimeMs === ctimeMs && this.#isInForce(file);
    });
    this.#there = there;
    for (const directory of touched) this.#touched.add(directory);
    for (const path of ["", ...bundleFolders.map(({ name }) => name)])
      this.#ensureDirectory(join(this.directory, path));
    for (const [name, group] of Object.entries(bundle.groups) as [Group, BundleGroup][]) this.#add(name, group);
    // Keep the object as it was sent: its digest and its files by path are already known.
    this.#bundle = bundle;
    this.#placed = Date.now() - clockStep;
  }

  /**
   * Removes a group's new files again, and gives it its files of the generation in force (none if it is new).
   * @returns the groups that had to follow, because they had taken one of those files over
   */
  keepOld(name: Group): Taken[] {
    const taken = takenFrom(this.#current.bundle, this.bundle, [name]);
    const all = [name, ...taken.map(({ group }) => group)];
    for (const each of all) this.#removeNew(each);
    for (const each of all) {
      const old = this.#current.bundle.groups[each];
      if (old) this.#add(each, old);
    }
    return taken;
  }

  #removeNew(name: Group): void {
    for (const { path } of this.#groups[name]?.files ?? []) {
      this.#machine.disk.remove(join(this.directory, path));
      this.#touched.add(dirname(join(this.directory, path)));
      this.#there.delete(path);
    }
    this.#bundle = undefined;
    delete this.#groups[name];
  }

  /** Completes the generation: makes everything durable, then writes its record. */
  seal(repaired: readonly string[] = []): Generation {
    const { disk, layout } = this.#machine;
    if (this.#together) disk.syncFileSystem(this.directory);
    else for (const directory of this.#touched) disk.syncDirectory(directory);
    const generation: Generation = { number: this.number, bundle: this.bundle, repaired, placed: this.#placed };
    disk.create(join(this.directory, recordName), JSON.stringify(generation), 0o600, { sync: true });
    disk.syncDirectory(this.directory);
    disk.syncDirectory(layout.generations);
    return generation;
  }

  discard(): void {
    discard(this.#machine, this.directory);
  }

  #add(name: Group, group: BundleGroup): void {
    this.#bundle = undefined;
    this.#groups[name] = group;
    for (const file of group.files) this.#place(file);
  }

  /** Number of files that cannot be hard-linked. */
  #toWrite(bundle: Bundle): number {
    const isNew = (file: BundleFile) => file.content !== undefined && !this.#isInForce(file);
    const changed = changedGroups(this.#current.bundle, bundle).flatMap((name) => bundle.groups[name]?.files ?? []);
    return changed.filter(isNew).length + this.#seen.drifted.size;
  }

  #isInForce(file: BundleFile): boolean {
    const old = this.#old.get(file.path);
    return old !== undefined && sameFile(old, file) && !this.#seen.drifted.has(file.path);
  }

  /** Whether nobody has touched a file in force since this run looked at it; one that this run has made was not looked at. */
  #isAsFound({ path }: BundleFile): boolean {
    const found = this.#seen.inodes.get(path);
    if (!found) return true;
    const stat = lstatSync(join(this.#machine.layout.current, path), { throwIfNoEntry: false });
    return stat?.ino === found.ino && stat.ctimeMs === found.ctimeMs;
  }

  #place(file: BundleFile): void {
    if (this.#there.has(file.path)) return;
    const { disk, layout } = this.#machine;
    const path = `${this.directory}/${file.path}`;
    this.#ensureDirectory(dirname(path));
    this.#touched.add(dirname(path));
    // A symlink is hard-linked like a file: the symlink itself, not its target.
    if (this.#isInForce(file) && this.#isAsFound(file)) disk.link(`${layout.current}/${file.path}`, path);
    else if (file.link !== undefined) disk.symbolicLink(file.link, path);
    else {
      disk.create(path, file.content!, modeOf(file), { sync: !this.#together });
      this.written++;
    }
  }

  #ensureDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    this.#directories.add(path);
    if (existsSync(path)) return;
    this.#ensureDirectory(dirname(path));
    this.#machine.disk.makeDirectory(path, directoryMode);
    this.#touched.add(path);
    this.#touched.add(dirname(path));
  }
}
