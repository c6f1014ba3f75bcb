import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bundle, BundleFile, BundleGroup, Group } from "./bundle.ts";
import { sealBundle } from "./digest.ts";
import {
  discard,
  filesOf,
  type Generation,
  generationDirectory,
  modeOf,
  nextNumber,
  recordName,
  sameFile,
} from "./generations.ts";
import { folders } from "./layout.ts";
import type { Machine } from "./machine.ts";

/** Up to so many files each is made durable on its own; above, the whole file system at once is quicker. */
const syncEach = 64;

/** A generation being put together beside the one in force. Nothing outside its directory is touched. */
export class Staging {
  readonly directory: string;
  readonly number: number;
  /** Files written, not hard-linked. */
  written = 0;
  readonly #machine: Machine;
  readonly #current: Generation;
  readonly #old: ReadonlyMap<string, BundleFile>;
  readonly #drifted: ReadonlySet<string>;
  readonly #directories = new Set<string>();
  #host = "";
  #groups: Partial<Record<Group, BundleGroup>> = {};
  #bundle: Bundle | undefined;

  /** @param drifted bundle paths in the generation in force that must not be linked: their text is not what was written. */
  constructor(machine: Machine, current: Generation, drifted: ReadonlySet<string> = new Set()) {
    this.#machine = machine;
    this.#current = current;
    this.#drifted = drifted;
    this.#old = filesOf(current.bundle);
    this.number = nextNumber(machine, current);
    this.directory = generationDirectory(machine, this.number);
  }

  /** What is in it now. */
  get bundle(): Bundle {
    this.#bundle ??= sealBundle(this.#host, { ...this.#groups });
    return this.#bundle;
  }

  /** Writes every file of the bundle, or links it where the generation in force has the same. */
  fill(bundle: Bundle): void {
    this.#host = bundle.host;
    this.#machine.disk.makeDirectory(this.directory);
    for (const folder of folders) this.#ensureDirectory(join(this.directory, folder));
    for (const [name, group] of Object.entries(bundle.groups) as [Group, BundleGroup][]) this.#add(name, group);
  }

  /** Takes a group's new files out again and leaves it as the generation in force has it (not at all, if it is new). */
  keepOld(name: Group): void {
    for (const { path } of this.#groups[name]?.files ?? []) this.#machine.disk.remove(join(this.directory, path));
    this.#bundle = undefined;
    delete this.#groups[name];
    const old = this.#current.bundle.groups[name];
    if (old) this.#add(name, old);
  }

  /** Completes the generation: everything on disk, then its record. */
  seal(repaired: readonly string[] = []): Generation {
    const { disk, layout } = this.#machine;
    if (this.written > syncEach) disk.syncFileSystem(this.directory);
    else for (const directory of [...this.#directories, this.directory]) disk.syncDirectory(directory);
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

  #place(file: BundleFile): void {
    const { disk, layout } = this.#machine;
    const path = `${this.directory}/${file.path}`;
    this.#ensureDirectory(dirname(path));
    const old = this.#old.get(file.path);
    if (file.link !== undefined) disk.symbolicLink(file.link, path);
    else if (old && sameFile(old, file) && !this.#drifted.has(file.path))
      disk.link(`${layout.current}/${file.path}`, path);
    else {
      disk.create(path, file.content!, modeOf(file), { sync: this.written < syncEach });
      this.written++;
    }
  }

  #ensureDirectory(path: string): void {
    if (this.#directories.has(path)) return;
    if (!existsSync(path)) this.#machine.disk.makeDirectory(path);
    this.#directories.add(path);
  }
}
