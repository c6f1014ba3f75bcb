import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UserError } from "../../../lib/user-error.ts";
import { askGit, git, gitOctets, namesIn, namesOf } from "./run-git.ts";

/** Files of a commit, checked out into a directory; removed on disposal. */
export interface Checkout extends AsyncDisposable {
  readonly directory: string;
  /** Writes more of them. @param places files and directories of the commit, relative to `directory`; `""` is all */
  add(places: readonly string[]): Promise<void>;
}

/**
 * What a file of the change itself (.gitmodules) says to leave out of submodules is not left out: other commits, and changed files. Files that none of
 * them tracks are what builds leave.
 */
const submodules = ["--ignore-submodules=untracked"];

/** Whether tracked files but this one differ from the commit that is checked out, or others below a place are not committed. */
export async function hasChanges(root: string, place: string, but: string): Promise<boolean> {
  const of = async (...args: string[]) =>
    (await git(root, ["status", "--porcelain", ...submodules, ...args, `:(exclude)${but}`])) !== "";
  return (await of("--untracked-files=no", "--", ".")) || (await of("--", place));
}

/** Whether there is a commit: the first one has none before it (`<commit>^`), nor is it here where history is cut off. */
export async function hasCommit(root: string, commit: string): Promise<boolean> {
  return (await commitNamed(root, commit)) !== undefined;
}

/** The commit that a name stands for, if git knows one. */
export async function commitNamed(root: string, name: string): Promise<string | undefined> {
  return (await askGit(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]))?.trim();
}

/** The text of a file in a commit; `undefined` if it has none, or if there is no such commit. @throws UserError if git cannot tell */
export async function textAt(root: string, commit: string, file: string): Promise<string | undefined> {
  try {
    return await git(root, ["cat-file", "blob", `${commit}:./${file}`]);
  } catch (error) {
    // Git fails alike for a file that is not there and for one that it cannot read.
    if (!(await hasCommit(root, commit))) return undefined;
    const entry = await git(root, ["ls-tree", "-z", commit, "--", file]);
    if (/^\d+ blob /.test(entry)) throw error;
    return undefined;
  }
}

/** Texts of files of a commit, by one process of git however many they are. A file that the commit does not have is left out. */
export async function textsAt(
  root: string,
  commit: string,
  files: readonly string[],
): Promise<readonly (readonly [file: string, text: string])[]> {
  const found: [string, string][] = [];
  // Git takes a name a line.
  const [odd, plain] = [true, false].map((isOdd) => files.filter((file) => file.includes("\n") === isOdd));
  for (const file of odd!) {
    const text = await textAt(root, commit, file);
    if (text !== undefined) found.push([file, text]);
  }
  if (plain!.length === 0) return found;
  const input = plain!.map((file) => `${commit}:./${file}\n`).join("");
  const output = await gitOctets(root, ["cat-file", "--batch=%(objecttype) %(objectsize)"], input);
  let at = 0;
  for (const file of plain!) {
    const end = output.indexOf("\n", at);
    const [, type, size] = /^(\w+) (\d+)$/.exec(output.toString("utf8", at, end)) ?? [];
    at = end + 1;
    // Git says that it is missing.
    if (size === undefined) continue;
    if (type === "blob") found.push([file, output.toString("utf8", at, at + Number(size))]);
    at += Number(size) + 1;
  }
  return found;
}

/** Places of all files of a name: in a commit, or in the working tree without what git ignores. Relative to `root`, with `/`. */
export async function filesNamed(root: string, name: string, commit?: string): Promise<string[]> {
  const pattern = [name, `**/${name}`].map((each) => `:(glob)${each}`);
  const all =
    commit === undefined
      ? namesOf(await git(root, ["ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ...pattern]))
      : await filesOf(root, commit);
  return [...new Set(all.filter((file) => isNamed(file, name)))].sort();
}

/** Places of all files of a commit, relative to `root`, with `/`. */
export async function filesOf(root: string, commit: string): Promise<string[]> {
  return namesOf(await git(root, ["ls-tree", "-r", "--name-only", "-z", commit, "--", "."]));
}

/** Whether the last part of a file's place is this name. */
export function isNamed(file: string, name: string): boolean {
  return file === name || file.endsWith(`/${name}`);
}

/** Whether a directory is in a repository, as far as its files say: git itself also fails where it may not read one. */
export function isInRepository(directory: string): boolean {
  for (let each = directory; ; each = dirname(each)) {
    if (existsSync(join(each, ".git"))) return true;
    if (each === dirname(each)) return false;
  }
}

/** @throws Error with the fix, if git here does not have the commit */
export async function commitOf(root: string, ref: string): Promise<string> {
  const commit = await commitNamed(root, ref);
  if (commit !== undefined) return commit;
  throw new UserError(
    `"${ref}" is neither a directory nor a commit known to git here: give a branch, a tag or a commit; in CI, fetch more history`,
  );
}

/** Files that differ between a commit and the working tree, new files too; relative to `root`, which may be a subdirectory. */
export async function changedFiles(root: string, commit: string): Promise<string[]> {
  const differing = (...which: string[]) =>
    git(root, ["diff", "--name-only", "--no-renames", ...submodules, "--relative", "-z", ...which, commit, "--", "."]);
  const [differ, added] = await Promise.all([
    differing(),
    git(root, ["ls-files", "--others", "--exclude-standard", "-z"]),
  ]);
  // Whatever a file was called that is gone, nothing of it has to be read.
  if (differ.includes("\uFFFD")) namesIn(await differing("--diff-filter=d"));
  return [...namesOf(differ), ...namesIn(added)].sort();
}

/** What git says of a submodule in the working tree, compared with a commit: the commit that it is at, and whether it has changes. */
export async function submoduleNow(root: string, commit: string, place: string): Promise<string> {
  const how = ["diff", "--submodule=short", ...submodules];
  return git(root, [...how, commit, "--", place]);
}

/**
 * Writes a commit's files below `.state/` of `inside`: the program's checkout, because Node.js finds the packages there. A git worktree
 * is not used: it would be recorded in the repository, and stay there after a crash.
 * @param places what to write, as in {@link Checkout.add}: a fleet is a hundredth of a repository, and many commits are asked for theirs
 */
export async function checkOut(
  root: string,
  commit: string,
  inside: string,
  places: readonly string[],
): Promise<Checkout> {
  await mkdir(join(inside, ".state"), { recursive: true });
  const directory = await mkdtemp(join(inside, ".state", `base-${commit.slice(0, 12)}-`));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    // In a subdirectory of a repository, only that subdirectory is taken. All of it is in the index: its attributes say how files are written.
    const said = await git(root, ["rev-parse", `${commit}:./`, "--absolute-git-dir"]);
    const [tree = "", ...gitDirectory] = said.trimEnd().split("\n");
    const environment = {
      GIT_DIR: gitDirectory.join("\n"),
      GIT_WORK_TREE: directory,
      GIT_INDEX_FILE: join(directory, ".index"),
    };
    await git(directory, ["read-tree", tree], environment);
    const add: Checkout["add"] = async (more) => {
      // A name that is not UTF-8 was never a place of anything here.
      const paths = more.filter((each) => !each.includes("\uFFFD")).map((each) => `:(literal)${each || "."}`);
      if (paths.length === 0) return;
      const how = ["--quiet", "--no-recurse-submodules", "--ignore-skip-worktree-bits"];
      await git(directory, ["restore", ...how, "--", ...paths], environment);
    };
    await add(places);
    return { directory, add, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
