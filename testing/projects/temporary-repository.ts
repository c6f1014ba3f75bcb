import { cp, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type Edits, edit } from "../fixtures/review-fixture.ts";

const checkout = join(import.meta.dirname, "../..");

/** A repository of its own with this program and the example fleets in it, one commit; for tests. */
export interface TemporaryRepository extends AsyncDisposable {
  readonly directory: string;
  /** Changes files in the working tree, by their place in the repository. */
  edit(edits: Edits): Promise<void>;
  /** Commits everything and returns the commit. @param author `Mallory` */
  commit(author?: string): Promise<string>;
  /** Runs git there. @returns what it prints */
  git(...args: string[]): Promise<string>;
  /** Brings a commit of this checkout's history there. @returns whether this checkout has it: a shallow clone may not */
  fetch(commit: string): Promise<boolean>;
  /** Puts a folder of the working tree back to what a commit has. */
  restore(commit: string, folder: string): Promise<void>;
  /** Throws away what is not committed. */
  reset(): Promise<void>;
  /** Runs `guard` there. Never throws on an exit status. */
  guard(
    args: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<{ exitCode?: number; stdout: string; stderr: string }>;
  /** Files that the guard left in `.state/`. */
  leftovers(): Promise<string[]>;
  /** Another repository with the same commits, without packages: nothing in it can be run. */
  clone(): Promise<TemporaryRepository>;
}

export async function temporaryRepository(): Promise<TemporaryRepository> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-repository-"));
  for (const name of [
    "cli",
    "components",
    "delivery",
    "examples",
    "fleet",
    "guard",
    "host",
    "inventory",
    "lib",
    "policies",
    "stacks",
    "testing",
    "toolchain",
    "Pulumi.lab.yaml",
    "Pulumi.prod.yaml",
    "fairhost.ts",
    "index.ts",
    "package.json",
    "package-lock.json",
    ".gitignore",
  ]) {
    await cp(join(checkout, name), join(directory, name), {
      recursive: true,
      filter: (file) => !file.endsWith(".test.ts"),
    });
  }
  await symlink(join(checkout, "node_modules"), join(directory, "node_modules"));
  const repository = repositoryIn(directory);
  await repository.git("init", "--quiet", "--initial-branch=main");
  await repository.commit();
  return repository;
}

function repositoryIn(directory: string): TemporaryRepository {
  const git = (...args: string[]) =>
    execa("git", ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", ...args], {
      cwd: directory,
    });
  const commit = async (author = "test") => {
    await git("add", "--all");
    const by = `--author=${author} <${author.toLowerCase()}@example.org>`;
    await git("commit", "--quiet", "--allow-empty", "--message", "change", by);
    return (await git("rev-parse", "HEAD")).stdout;
  };
  return {
    directory,
    commit,
    git: async (...args) => (await git(...args)).stdout,
    edit: (edits) => edit(directory, edits),
    async fetch(commit) {
      const { exitCode } = await execa("git", ["cat-file", "-e", `${commit}^{commit}`], {
        cwd: checkout,
        reject: false,
      });
      if (exitCode === 0) await git("fetch", "--quiet", "--no-tags", checkout, commit);
      return exitCode === 0;
    },
    restore: async (commit, folder) => {
      await git("restore", `--source=${commit}`, "--", folder);
    },
    reset: async () => {
      await git("reset", "--quiet", "--hard");
      await git("clean", "--quiet", "--force", "-d");
    },
    guard: (args, environment = {}) =>
      execa(process.execPath, [join(directory, "cli/guard.ts"), ...args], {
        cwd: directory,
        env: environment,
        reject: false,
      }),
    async clone() {
      const copy = await mkdtemp(join(tmpdir(), "fairhost-clone-"));
      await git("clone", "--quiet", ".", copy);
      return repositoryIn(copy);
    },
    leftovers: () => readdir(join(directory, ".state")).catch(() => []),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
