import { basename, dirname, join } from "node:path";
import { type Approval, schema } from "../../components/review/approvals.file.ts";
import { readSource } from "../../fleet/load/source.ts";
import { lazy, onceByName } from "../../lib/once.ts";
import { sameFleetAt } from "./base/fleets.ts";
import { textAt } from "./base/git.ts";
import { commitsTouching, isCutOff, parentsOf, writersOfCommit } from "./base/history.ts";
import type { Person } from "./base/people.ts";

/** Who wrote an approval: the commit that brought it as it is, with its author; unknown where the history is cut off. */
export interface Written {
  readonly by: string | undefined;
  readonly authors: readonly Person[] | undefined;
}

/** The commit that brought an approval, and the file in which it did: the fleet's directory may have moved since. */
type Brought = { readonly by: string; readonly file: string } | undefined;
type Bringing = (range: string, file: string) => (approval: Approval) => Promise<Brought>;

/**
 * Asks git who wrote the approvals of a file. Every commit of it is read once, however many approvals are asked for, and only as far back
 * as these are.
 * @param file relative to `root`
 */
export function approvalsWritten(root: string, file: string): (range: string, approval: Approval) => Promise<Written> {
  const ofFile = onceByName((at) => onceByName((range) => whoBrought(root, range, at, bringing)));
  const bringing: Bringing = (range, at) => ofFile(at)(range);
  const cutOff = onceByName((commit) => isCutOff(root, commit));
  const writers = onceByName((commit) => writersOfCommit(root, commit));
  const parents = onceByName((commit) => parentsOf(root, commit));
  return async (range, approval) => {
    const brought = await bringing(range, file)(approval);
    if (brought === undefined) return { by: undefined, authors: [] };
    const { by } = brought;
    if (await cutOff(by)) return { by, authors: undefined };
    // Of a merge whoever wrote this entry, not all who touched the file; and what a merge's own author has put there is theirs.
    const isMerge = (await parents(by)).length > 1;
    const inside = isMerge ? await bringing(`${by}^1..${by}`, brought.file)(approval) : undefined;
    const writer = inside?.by ?? by;
    return { by, authors: (await cutOff(writer)) ? undefined : await writers(writer) };
  };
}

/** An approval as it is, to compare it with others. */
export function wholeOf(approval: Approval): string {
  return JSON.stringify(Object.entries(approval).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * The last commit of a range (or of a commit's history) that brought an entry as it is, whatever it changed to that end: another action in
 * somebody's entry makes another approval of it. A merge on a branch has brought what none of its sides had. If none is known, of a history the
 * last one that touched the file: the entry is as old as that. To be asked one after the other.
 */
function whoBrought(root: string, range: string, file: string, bringing: Bringing): ReturnType<Bringing> {
  const isRange = range.includes("..");
  const entriesAt = async (commit: string, at = file): Promise<ReadonlySet<string>> => {
    const text = await textAt(root, commit, at);
    const { data = [] } = schema.safeParse(text === undefined ? [] : readSource(at, text).source.data);
    return new Set(data.map(wholeOf));
  };
  const commits = lazy(() => commitsTouching(root, range, file));
  /** By entry: the commit that brought it, and where it was before if it came with the fleet's directory. */
  const brought = new Map<string, { readonly by: string; readonly from: string | undefined }>();
  let read = 0;
  const readNext = async (by: string) => {
    const is = await entriesAt(by);
    const was = new Set<string>();
    for (const parent of isRange ? await parentsOf(root, by) : [`${by}^`])
      for (const entry of await entriesAt(parent)) was.add(entry);
    const added = [...is].filter((entry) => !was.has(entry) && !brought.has(entry));
    if (added.length === 0) return;
    const old = isRange ? undefined : await movedFrom(root, by, file);
    const before = old === undefined ? was : await entriesAt(`${by}^`, old);
    for (const entry of added) brought.set(entry, { by, from: before.has(entry) ? old : undefined });
  };
  return async (approval) => {
    const wanted = wholeOf(approval);
    const newestFirst = await commits();
    while (!brought.has(wanted) && read < newestFirst.length) await readNext(newestFirst[read++]!);
    const found = brought.get(wanted);
    if (found?.from !== undefined) return bringing(`${found.by}^`, found.from)(approval);
    const by = found?.by ?? (isRange ? undefined : newestFirst[0]);
    return by === undefined ? undefined : { by, file };
  };
}

/**
 * Where a file of a fleet was before a commit of the main line that moved the fleet's directory. A fleet that takes the identity of another one, which
 * stays where it was, has not moved; nor does a branch say who moved something: whoever puts an entry there has brought it.
 */
async function movedFrom(root: string, by: string, file: string): Promise<string | undefined> {
  const place = await sameFleetAt(root, by, dirname(file), `${by}^`);
  if (place === undefined || place === dirname(file)) return undefined;
  const stays = (await textAt(root, by, join(place, "network.yaml"))) !== undefined;
  return stays ? undefined : join(place, basename(file));
}
