import { count, printable } from "../../lib/text/text.ts";
import { UserError } from "../../lib/user-error.ts";

/** One mistake in an inventory: its place, a description and the fix. */
export interface Problem {
  /** Relative to the fleet's directory, with `/`. */
  readonly file: string;
  /** From 1; 1 for a problem of the whole file. */
  readonly line: number;
  /** From 1, in UTF-16 units as editors count. */
  readonly column: number;
  /** Property path in the file, for example `httpServers.0.kind`; empty for the whole file. */
  readonly path: string;
  /** Description of the problem, with the value that was found. */
  readonly message: string;
  /** How to fix it. */
  readonly fix: string;
}

/** Most problems of one file that are told: with more of them the file is not what it should be, and telling all takes minutes. */
export const mostProblems = 100;

/** Stands for all others of a file that has more. */
export function tooMany(file: string): Problem {
  return {
    file,
    line: 1,
    column: 1,
    path: "",
    message: `the file has more than ${mostProblems} problems; the others are not listed`,
    fix: "correct these first, or look whether this is the right file",
  };
}

/** A place in a file by its keys and list positions. */
export type Path = readonly (string | number)[];

/** All problems of an inventory together; the message is readable on a terminal. */
export class InventoryError extends UserError {
  readonly problems: readonly Problem[];

  constructor(directory: string, problems: readonly Problem[]) {
    super(formatProblems(problems, directory), "blocked");
    this.name = "InventoryError";
    this.problems = problems;
  }
}

/** Sorts by file, then by place in the file, so that the result does not depend on the order of the checks. */
function sortProblems(problems: readonly Problem[]): Problem[] {
  const by = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...problems].sort(
    (a, b) => by(a.file, b.file) || a.line - b.line || a.column - b.column || by(a.message, b.message),
  );
}

/**
 * Formats problems for a terminal, sorted, with their number at the end:
 * ```
 * inventory/lab/accounts/1-alice.yaml:4:7 plan
 *   there is no plan "smal"
 *   fix: did you mean "small"?
 * ```
 * @param directory put before each file, so that a terminal can open it
 */
export function formatProblems(problems: readonly Problem[], directory = ""): string {
  const prefix = directory === "" ? "" : `${directory.replace(/\/+$/, "")}/`;
  const blocks = sortProblems(problems).map((problem) => {
    const file = problem.file === "." ? directory : `${prefix}${problem.file}`;
    const place = `${file}:${problem.line}:${problem.column}`;
    return `${printable(`${place} ${problem.path}`.trimEnd())}\n  ${printable(problem.message)}\n  fix: ${printable(problem.fix)}`;
  });
  const files = new Set(problems.map((problem) => problem.file)).size;
  blocks.push(`${count(problems.length, "problem")} in ${count(files, "file")}`);
  return blocks.join("\n");
}

/** The known word most similar to a wrong one, if the wrong one can be a typing mistake. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** Levenshtein distance: number of letters added, removed or replaced. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 12 || a.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
