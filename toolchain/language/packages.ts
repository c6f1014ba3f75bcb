import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The relevant part of a package.json. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly pulumi?: {
    readonly resource?: boolean;
    readonly name?: string;
    readonly version?: string;
    readonly server?: string;
  };
}

/** A package installed for a program. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** A provider that a program's packages need. */
export interface RequiredProvider {
  /** Provider name, for example `command`. */
  readonly name: string;
  /** With a leading `v`, as the engine expects. */
  readonly version: string;
  /** Where the engine may download it; empty for Pulumi's own place. */
  readonly server: string;
}

function readManifest(file: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Manifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || (error as NodeJS.ErrnoException).code === "ENOTDIR")
      return undefined;
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

/** Every directory from `start` up to the root of the file system. */
function* upwards(start: string): Generator<string> {
  for (let dir = start; ; dir = dirname(dir)) {
    yield dir;
    if (dir === dirname(dir)) return;
  }
}

/** Nearest package.json at or above a directory. */
function nearestManifest(start: string): { dir: string; manifest: Manifest } | undefined {
  for (const dir of upwards(start)) {
    const manifest = readManifest(join(dir, "package.json"));
    if (manifest) return { dir, manifest };
  }
  return undefined;
}

function installed(from: string, name: string): { dir: string; manifest: Manifest } | undefined {
  for (const dir of upwards(from)) {
    const candidate = join(dir, "node_modules", name);
    const manifest = readManifest(join(candidate, "package.json"));
    if (manifest) return { dir: candidate, manifest };
  }
  return undefined;
}

function dependencyNames(m: Manifest): string[] {
  return Object.keys({ ...m.dependencies, ...m.devDependencies, ...m.optionalDependencies });
}

/**
 * Direct dependencies of the program in `programDirectory`, with the versions that are installed; packages that are
 * declared but not installed are left out. With `transitive` also theirs, each package and version once.
 *
 * @throws Error naming the file when a package.json is not JSON.
 */
export function programDependencies(programDirectory: string, transitive: boolean): InstalledPackage[] {
  const root = nearestManifest(programDirectory);
  if (!root) return [];
  const found = new Map<string, InstalledPackage>();
  const todo = dependencyNames(root.manifest).map((name) => ({ from: root.dir, name }));
  for (let next = todo.shift(); next; next = todo.shift()) {
    const hit = installed(next.from, next.name);
    if (!hit || found.has(hit.dir)) continue;
    found.set(hit.dir, { name: next.name, version: hit.manifest.version ?? "" });
    // A library's development dependencies are not installed with it.
    if (transitive)
      for (const name of Object.keys({ ...hit.manifest.dependencies })) todo.push({ from: hit.dir, name });
  }
  return [...found.values()];
}

/**
 * Providers that the program's packages need: its dependencies with `"pulumi": {"resource": true}` in their
 * package.json, and the same among the dependencies of such packages. (The official host walks the whole of
 * node_modules for that, which costs seconds in a large one.)
 *
 * @throws Error naming the file when a package.json is not JSON.
 */
export function requiredProviders(programDirectory: string): RequiredProvider[] {
  const root = nearestManifest(programDirectory);
  if (!root) return [];
  const seen = new Set<string>();
  const providers = new Map<string, RequiredProvider>();
  const todo = dependencyNames(root.manifest).map((name) => ({ from: root.dir, name }));
  for (let next = todo.shift(); next; next = todo.shift()) {
    const hit = installed(next.from, next.name);
    if (!hit?.manifest.pulumi || seen.has(hit.dir)) continue;
    seen.add(hit.dir);
    for (const name of Object.keys({ ...hit.manifest.dependencies })) todo.push({ from: hit.dir, name });
    const { resource, name, version, server } = hit.manifest.pulumi;
    if (!resource) continue;
    const bare = version ?? hit.manifest.version ?? "";
    const provider = {
      name: name ?? next.name.replace(/^@pulumi\//, "").replace(/^@/, ""),
      version: bare === "" || bare.startsWith("v") ? bare : `v${bare}`,
      server: server ?? "",
    };
    providers.set(`${provider.name}@${provider.version}`, provider);
  }
  return [...providers.values()];
}
