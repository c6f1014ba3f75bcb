import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { bundleFolders } from "../../components/bundle-folders.generated.ts";
import type { Bundle, BundleFile, BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../delivery/protocol/digest.ts";
import { changedGroups } from "../apply/hooks/plan.ts";
import type { Machine } from "../os/machine.ts";
import { discard, filesOf, type Generation, generationDirectory, modeOf, nextNumber, sameFile } from "./generations.ts";
import { directoryMode, recordName } from "./layout.ts";
import { takeSpare } from "./spare.ts";

/** Up to so many files each is made durable on its own; above, the whole file system at once is quicker. */
const syncEach = 64;

/** What a run has seen of the files of the generation in force before it stages another. */
export interface SeenFiles {
  /** Bundle paths whose files are not what was written: written anew. */
  readonly drifted: ReadonlySet<string>;
  /** Inode of every file that is as written, by bundle path. */
  readonly inodes: ReadonlyMap<string, number>;
}

/** A generation being put together beside the one in force. Nothing outside its directory is touched. */
export class Staging {
  readonly directory: string;
  readonly number: number;
  /** Files written, not hard-linked. */
  written = 0;
  readonly #machine: Machine;
  readonly #current: Generation;
  readonly #old: ReadonlyMap<string, BundleFile>;
  readonly #seen: SeenFiles;
  readonly #directories = new Set<string>();
  /** Those with names that came or went. */
  readonly #touched = new Set<string>();
  /** Bundle paths that need nothing done. */
  #there = new Set<string>();
  /** Whether so much is written that it is made durable at the end, all at once. */
  #together = false;
  #host = "";
  #groups: Partial<Record<Group, BundleGroup>> = {};
  #bundle: Bundle | undefined;

  /** @param seen of the generation in force: its drifted files are never linked. */
  constructor(machine: Machine, current: Generation, seen: SeenFiles) {
    this.#machine = machine;
    this.#current = current;
    this.#seen = seen;
    this.#old = filesOf(current.bundle);
    this.number = nextNumber(machine, current);
    this.directory = generationDirectory(machine, this.number);
  }

  /** What is in it now. */
  get bundle(): Bundle {
    this.#bundle ??= sealBundle(this.#host, { ...this.#groups });
    return this.#bundle;
  }

  /** Writes every file of the bundle, or links it where the generation in force has the same; makes it of the spare if there is one. */
  fill(bundle: Bundle): void {
    this.#host = bundle.host;
    this.#together = this.#toWrite(bundle) > syncEach;
    const files = filesOf(bundle);
    const { there, touched } = takeSpare(this.#machine, this.directory, (path, inode) => {
      const file = files.get(path);
      return file !== undefined && this.#seen.inodes.get(path) === inode && this.#isInForce(file);
    });
    this.#there = there;
    for (const directory of touched) this.#touched.add(directory);
    for (const path of ["", ...bundleFolders.map(({ name }) => name)])
      this.#ensureDirectory(join(this.directory, path));
    for (const [name, group] of Object.entries(bundle.groups) as [Group, BundleGroup][]) this.#add(name, group);
    // As it was sent: its digest and its files by path are known already.
    this.#bundle = bundle;
  }

  /** Takes a group's new files out again and leaves it as the generation in force has it (not at all, if it is new). */
  keepOld(name: Group): void {
    for (const { path } of this.#groups[name]?.files ?? []) {
      this.#machine.disk.remove(join(this.directory, path));
      this.#touched.add(dirname(join(this.directory, path)));
      this.#there.delete(path);
    }
    this.#bundle = undefined;
    delete this.#groups[name];
    const old = this.#current.bundle.groups[name];
    if (old) this.#add(name, old);
  }

  /** Completes the generation: everything on disk, then its record. */
  seal(repaired: readonly string[] = []): Generation {
    const { disk, layout } = this.#machine;
    if (this.#together) disk.syncFileSystem(this.directory);
    else for (const directory of this.#touched) disk.syncDirectory(directory);
    const generation: Generation = { number: this.number, bundle: this.bundle, repaired };
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

  /** How many files cannot be linked. */
  #toWrite(bundle: Bundle): number {
    const isNew = (file: BundleFile) => file.content !== undefined && !this.#isInForce(file);
    const changed = changedGroups(this.#current.bundle, bundle).flatMap((name) => bundle.groups[name]?.files ?? []);
    return changed.filter(isNew).length + this.#seen.drifted.size;
  }

  #isInForce(file: BundleFile): boolean {
    const old = this.#old.get(file.path);
    return old !== undefined && sameFile(old, file) && !this.#seen.drifted.has(file.path);
  }

  #place(file: BundleFile): void {
    if (this.#there.has(file.path)) return;
    const { disk, layout } = this.#machine;
    const path = `${this.directory}/${file.path}`;
    this.#ensureDirectory(dirname(path));
    this.#touched.add(dirname(path));
    // A symbolic link is linked like a file: the name of it, not where it leads.
    if (this.#isInForce(file)) disk.link(`${layout.current}/${file.path}`, path);
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
