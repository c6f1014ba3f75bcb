import { dirname } from "node:path";
import { hasCommit } from "./git.ts";
import { eachOnce, type Person, peopleFormat, personsIn } from "./people.ts";
import { askGit, git, namesIn, namesOf } from "./run-git.ts";

/** The last commit that a commit and the one that is checked out share; `undefined` if none is known here. */
export async function sharedWithHead(root: string, commit: string): Promise<string | undefined> {
  return (await askGit(root, ["merge-base", commit, "HEAD"]))?.trim();
}

/** Number of commits that `to` has and `from` lacks. */
export async function commitsBetween(root: string, from: string, to: string): Promise<number> {
  return Number(await git(root, ["rev-list", "--count", `${from}..${to}`]));
}

/** A commit, for people. */
export interface Said {
  readonly commit: string;
  /** Day of the author, ISO 8601. */
  readonly day: string;
  readonly title: string;
  /** Who wrote it; of a merge, who wrote what it brought. */
  readonly authors: readonly Person[];
}

/** What is to be said of a commit. @param paths of a merge, only who wrote something in these */
export async function sayCommit(root: string, commit: string, paths: readonly string[]): Promise<Said> {
  const format = `--format=%as%x00%s%x00%P%x00${peopleFormat}`;
  const [day, title, parents, people] = (await git(root, ["show", "--no-patch", format, commit])).split("\0");
  const merged = parents!.includes(" ") ? await authorsOf(root, `${commit}^1..${commit}`, paths) : [];
  return {
    commit: commit.slice(0, 12),
    day: day!,
    title: title!,
    authors: merged.length > 0 ? merged : personsIn(people!),
  };
}

/** Who wrote the commits of a range, merges aside; each once. */
export async function authorsOf(root: string, range: string, paths: readonly string[] = ["."]): Promise<Person[]> {
  const output = await git(root, ["log", "--no-merges", `--format=${peopleFormat}`, range, "--", ...paths]);
  return eachOnce(output.split("\n").filter(Boolean).flatMap(personsIn));
}

/**
 * Who wrote commits of a range that changed a file that counts; each once. Of a merge only what it changes besides merging: a
 * person may hide their own change there. A name that git has to quote counts.
 */
export async function writersOf(root: string, range: string, counts: (file: string) => boolean): Promise<Person[]> {
  // Without a path: git would leave out merges that throw away one of their sides.
  const args = [
    `--format=%x00${peopleFormat}%x00`,
    "--name-only",
    "--no-renames",
    "--ignore-submodules=none",
    "--relative",
    range,
  ];
  // Merging again needs a place to write, so it is left out where there is nothing to merge.
  const merges = await git(root, ["rev-list", "--merges", "--max-count=1", range]);
  // Git can not merge more than two again: all that such a merge brings counts as its author's.
  const ofMerges = [
    ["--merges", "--max-parents=2", "--remerge-diff"],
    ["--min-parents=3", "-m"],
  ];
  const outputs = await Promise.all(
    [["--no-merges"], ...(merges === "" ? [] : ofMerges)].map((which) => git(root, ["log", ...which, ...args])),
  );
  const writers = outputs.flatMap((output) =>
    [...output.matchAll(/\0([^\0]*)\0([^\0]*)/g)].flatMap(([, people, files]) => {
      const changes = files!.split("\n").some((file) => file !== "" && (file.startsWith('"') || counts(file)));
      return changes ? personsIn(people!) : [];
    }),
  );
  return eachOnce(writers);
}

/** Directories in which commits of a range, merges too, made or removed a file of this name: where something came from or went to that lies around it. */
export async function placesMoved(root: string, range: string, name: string): Promise<string[]> {
  const which = ["-m", "--full-history", "--no-renames", "--diff-filter=AD", "--relative"];
  const args = ["log", ...which, "--name-only", "--format=", "-z", range, "--", `:(glob)**/${name}`];
  const files = namesIn(await git(root, args));
  return [...new Set(files.map((file) => (dirname(file) === "." ? "" : dirname(file))))];
}

/**
 * The newest commit of the main line that is older than a day; `undefined` if none is. Whoever commits chooses the date: one from before the
 * commits that it builds on counts as theirs, and one in the future says nothing: the order of history places it. Where two dates that may
 * be true contradict each other, the window is the longer one: a wrong date must not hide a step.
 */
async function lastBefore(root: string, commit: string, since: string): Promise<string | undefined> {
  const output = await git(root, ["rev-list", "--first-parent", "--reverse", "--timestamp", commit]);
  const [first, now] = [Date.parse(since) / 1000, Date.now() / 1000];
  let last: string | undefined;
  for (const line of output.split("\n")) {
    const [date, hash] = line.split(" ");
    if (hash === undefined) break;
    if (Number(date) > now) continue;
    if (Number(date) >= first) break;
    last = hash;
  }
  return last;
}

/**
 * Commits of the main line that changed something in these paths, oldest first.
 * @param since ISO 8601 @param pattern only those that added or removed a line that matches it @param after only those after this commit
 */
export async function commitsIn(
  root: string,
  commit: string,
  since: string,
  paths: readonly string[],
  pattern?: string,
  after?: string,
): Promise<string[]> {
  const which = pattern === undefined ? [] : ["-E", "-G", pattern];
  const old = await lastBefore(root, commit, since);
  const range = [commit, ...[old, after].flatMap((each) => (each === undefined ? [] : `^${each}`))];
  const args = ["log", "--first-parent", "-m", "-s", "--text", "--reverse", "--format=%H", ...which, ...range];
  return (await git(root, [...args, "--", ...paths])).split("\n").filter(Boolean);
}

/** Files that the main line has removed from a folder, or renamed, and that had a line which matches. @param since ISO 8601 */
export async function filesRemoved(
  root: string,
  commit: string,
  since: string,
  folder: string,
  pattern: string,
): Promise<string[]> {
  const old = await lastBefore(root, commit, since);
  const which = [
    "--first-parent",
    "-m",
    "--text",
    "--no-renames",
    "--diff-filter=D",
    "--relative",
    "-E",
    "-G",
    pattern,
  ];
  const range = [commit, ...(old === undefined ? [] : [`^${old}`])];
  const args = ["log", ...which, "--name-only", "--format=", "-z", ...range, "--", folder];
  return [...new Set(namesOf(await git(root, args)))];
}

/** Lines that commits took out of a file, newest first, with the commit of each. */
export async function linesRemoved(
  root: string,
  commit: string,
  file: string,
): Promise<{ commit: string; line: string }[]> {
  const output = await git(root, [
    "log",
    "-p",
    "-m",
    "--text",
    "--first-parent",
    "--unified=0",
    "--format=%x00%H",
    commit,
    "--",
    file,
  ]);
  return output.split("\0").flatMap((part) => {
    const [hash = "", ...lines] = part.split("\n");
    // Before the first hunk stand the names of the file, which begin with the same character.
    const hunks = lines.slice(lines.findIndex((line) => line.startsWith("@@")) + 1);
    return hunks.filter((line) => line.startsWith("-")).map((line) => ({ commit: hash, line: line.slice(1) }));
  });
}

/**
 * The last commit that added or removed a line of a file that matches; `undefined` if none did. Of a commit's history the main line is
 * asked; of a range (`a..b`) all but merges, which on a branch only bring what others wrote.
 */
export async function lastToTouch(
  root: string,
  commit: string,
  pattern: string,
  file: string,
): Promise<string | undefined> {
  const which = commit.includes("..") ? ["--no-merges"] : ["-m", "--first-parent"];
  const args = ["log", "-1", "-s", "--text", ...which, "--format=%H", "-E", "-G", pattern, commit, "--", file];
  return (await git(root, args)).trim() || undefined;
}

/** Commits that touched a file, newest first: of a commit's history those of the main line, of a range (`a..b`) all, merges too. */
export async function commitsTouching(root: string, commit: string, file: string): Promise<string[]> {
  const which = commit.includes("..") ? ["--full-history"] : ["--first-parent"];
  const output = await git(root, ["log", "-s", "-m", ...which, "--format=%H", commit, "--", file]);
  return [...new Set(output.split("\n").filter(Boolean))];
}

/** Parents of a commit, the one of the main line first. */
export async function parentsOf(root: string, commit: string): Promise<string[]> {
  return (await git(root, ["rev-parse", `${commit}^@`])).split("\n").filter(Boolean);
}

/** Whether what was before a commit is not here: the history is cut off there (`git clone --depth`). */
export async function isCutOff(root: string, commit: string): Promise<boolean> {
  const [isThere, raw] = await Promise.all([hasCommit(root, `${commit}^`), git(root, ["cat-file", "commit", commit])]);
  return !isThere && /^parent /m.test(raw.split("\n\n")[0]!);
}

/** Who wrote a commit itself, also a merge. */
export async function writersOfCommit(root: string, commit: string): Promise<readonly Person[]> {
  return personsIn(await git(root, ["show", "--no-patch", `--format=${peopleFormat}`, commit]));
}

/** Whether a commit is in the history of the one that is checked out. */
export async function isAncestor(root: string, commit: string): Promise<boolean> {
  return (await askGit(root, ["merge-base", "--is-ancestor", commit, "HEAD"])) !== undefined;
}

/** Whether the history ends where it was cut off (`git clone --depth`), wherever that is. */
export async function isShallow(root: string): Promise<boolean> {
  return (await git(root, ["rev-parse", "--is-shallow-repository"])).trim() === "true";
}
