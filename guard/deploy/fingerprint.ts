import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { commitNamed, isInRepository } from "../change/base/git.ts";
import { git } from "../change/base/run-git.ts";
import type { StackConfig } from "../engine/stack-config.ts";

/** Inputs of a deploy, before the engine reads them. */
export interface Fingerprint {
  /** SHA-256 over the inventory's files, the stack's configuration, the pinned host keys and the differences from the commit. */
  readonly inventory: string;
  /** Commit of the project; empty if there is none. */
  readonly commit: string;
  /** Commit of the inventory, where it is in a repository of its own. */
  readonly fleetCommit?: string;
  readonly dirty: boolean;
}

export async function fingerprint({
  projectDirectory,
  stack,
  inventory,
  knownHosts,
}: StackConfig): Promise<Fingerprint> {
  const hash = createHash("sha256");
  const add = async (name: string, path: string) => {
    const content = await readFile(path);
    hash.update(`${name}\0${content.length}\0`).update(content);
  };
  const files = await readdir(inventory, { recursive: true, withFileTypes: true });
  const paths = files.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) await add(path.slice(inventory.length), path);
  await add("configuration", join(projectDirectory, `Pulumi.${stack}.yaml`));
  await add("host keys", knownHosts);
  const commit = await commitIn(projectDirectory);
  const dirty =
    commit !== "" && (await git(projectDirectory, ["status", "--porcelain", "--untracked-files=normal"])) !== "";
  if (dirty) hash.update(await git(projectDirectory, ["diff", "--binary", "HEAD"]));
  const isOwn = (await topOf(projectDirectory)) !== (await topOf(inventory));
  const fleetCommit = isOwn ? await commitIn(inventory) : "";
  return { inventory: hash.digest("hex"), commit, dirty, ...(fleetCommit !== "" && { fleetCommit }) };
}

/** The commit that is checked out in a directory; empty if it is in no repository, or that has none. */
async function commitIn(directory: string): Promise<string> {
  return isInRepository(directory) ? ((await commitNamed(directory, "HEAD")) ?? "") : "";
}

async function topOf(directory: string): Promise<string | undefined> {
  return isInRepository(directory) ? git(directory, ["rev-parse", "--show-toplevel"]) : undefined;
}

export function sameFingerprint(left: Fingerprint, right: Fingerprint): boolean {
  return (
    left.inventory === right.inventory &&
    left.commit === right.commit &&
    left.fleetCommit === right.fleetCommit &&
    left.dirty === right.dirty
  );
}
