import { type Approval, schema } from "../../components/review/approvals.file.ts";
import { readSource } from "../../fleet/load/source.ts";
import { lazy, onceByName } from "../../lib/once.ts";
import { authorOf, commitsTouching, isCutOff, textAt } from "./base/git.ts";

/** Who wrote an approval: the commit that brought it as it is, with its author; unknown where the history is cut off. */
export interface Written {
  readonly by: string | undefined;
  readonly authors: readonly string[] | undefined;
}

/**
 * Asks git who wrote the approvals of a file. Every commit of it is read once, however many approvals are asked for, and only as far back
 * as these are.
 * @param file relative to `root`
 */
export function approvalsWritten(root: string, file: string): (range: string, approval: Approval) => Promise<Written> {
  const bringing = onceByName((range) => whoBrought(root, range, file));
  const cutOff = onceByName((commit) => isCutOff(root, commit));
  const author = onceByName((commit) => authorOf(root, commit));
  return async (range, approval) => {
    const by = await bringing(range)(approval);
    if (by === undefined) return { by, authors: [] };
    if (await cutOff(by)) return { by, authors: undefined };
    // Of a merge whoever wrote this entry, not all who touched the file; and what a merge's own author has put there is theirs.
    const inside = await bringing(`${by}^1..${by}`)(approval);
    return { by, authors: [await author(inside ?? by)] };
  };
}

/** An approval as it is, to compare it with others. */
export function wholeOf(approval: Approval): string {
  return JSON.stringify(Object.entries(approval).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * The last commit of a range (or of a commit's history) that brought an entry as it is, whatever it changed to that end: another action in
 * somebody's entry makes another approval of it. If none is known, of a history the last one that touched the file: the entry is as old as
 * that. To be asked one after the other.
 */
function whoBrought(root: string, range: string, file: string): (approval: Approval) => Promise<string | undefined> {
  const entriesAt = async (commit: string): Promise<ReadonlySet<string>> => {
    const text = await textAt(root, commit, file);
    const { data = [] } = schema.safeParse(text === undefined ? [] : readSource(file, text).source.data);
    return new Set(data.map(wholeOf));
  };
  const commits = lazy(() => commitsTouching(root, range, file));
  const brought = new Map<string, string>();
  let read = 0;
  return async (approval) => {
    const wanted = wholeOf(approval);
    const newestFirst = await commits();
    while (!brought.has(wanted) && read < newestFirst.length) {
      const commit = newestFirst[read++]!;
      const [is, was] = [await entriesAt(commit), await entriesAt(`${commit}^`)];
      for (const entry of is) if (!was.has(entry) && !brought.has(entry)) brought.set(entry, commit);
    }
    return brought.get(wanted) ?? (range.includes("..") ? undefined : newestFirst[0]);
  };
}
