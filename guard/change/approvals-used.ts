import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { type Approval, schema as approvalsSchema } from "../../components/review/approvals.file.ts";
import { readSource } from "../../fleet/load/source.ts";
import { listed } from "../../lib/text/text.ts";
import type { Review } from "../verdict/review.ts";
import type { WantedApproval } from "../verdict/weigh.ts";
import { bearsOn, type History } from "./base/base.ts";
import { authorOf, commitsTouching, isCutOff, textAt, writersOf } from "./base/git.ts";

/** What git says of the approvals that a change uses. */
export interface ApprovalsUsed {
  readonly notices: readonly string[];
  /** Those that do not count, each with the reason. */
  readonly refused: ReadonlyMap<Approval, string>;
}

interface Asked {
  readonly history: History;
  readonly result: Review;
  /** Approvals that were asked about already; those of this result are added. */
  readonly known: Set<Approval>;
  /** Approvals of the base. */
  readonly before: readonly Approval[];
  /** Whether an approval must be somebody else's (limits.yaml). */
  readonly secondPerson: boolean;
  /** Says a commit, with who wrote it. */
  readonly say: (commit: string) => Promise<string>;
  /** The fleet at a commit. */
  readonly stateAt: (commit: string) => Promise<Declaration | undefined>;
  /** States of the base's main line after a commit in which what this change touches, or what the fleet shares, was different. */
  readonly touchedSince: (commit: string) => Promise<readonly string[]>;
  /** Approvals that the way from one fleet to a later one needs. */
  readonly needed: (earlier: Declaration, later: Declaration) => readonly WantedApproval[];
}

/** Earlier states that are compared for one approval. With more of them it is no longer known whether it was used. */
const mostStates = 40;

/**
 * Asks git about each approval that a change uses: who wrote it, the same who wrote the change or somebody else, and whether an earlier
 * change has used it. An approval is for one change, even if that was taken back later: any state since the approval may have needed it. Costs
 * for each approval that the base has a load of the fleet for each of these states.
 */
export async function approvalsUsed(asked: Asked): Promise<ApprovalsUsed> {
  const { history, result, before, secondPerson, say, known } = asked;
  const { root, commit, place } = history;
  const file = join(place, "approvals.yaml");
  const all = new Set(result.findings.flatMap(({ approved }) => approved?.approval ?? []));
  const used = [...all].filter((approval) => !known.has(approval));
  for (const approval of used) known.add(approval);
  const notices: string[] = [];
  const refused = new Map<Approval, string>();
  if (used.length === 0) return { notices, refused };
  // Whoever only approves, or writes pages, has not written the change.
  const authors = await writersOf(root, `${commit}..HEAD`, (each) => bearsOn(each, place));
  for (const approval of used) {
    const { action, resource, approvedBy } = approval;
    const name = `approval ${action} ${resource}, by ${approvedBy},`;
    const isOld = before.some((each) => isDeepStrictEqual(each, approval));
    const range = isOld ? commit : `${commit}..HEAD`;
    const { by, authors: writers } = await writtenBy(root, range, approval, file);
    const isOwn = by === undefined ? !isOld : writers?.every((each) => authors.includes(each));
    if (isOld && by !== undefined) {
      notices.push(`The ${name} was there before this change, since ${await say(by)}.`);
      const spent = await whySpent(asked, approval, by);
      if (spent !== undefined) {
        refused.set(approval, `${spent}, since ${await say(by)}`);
        continue;
      }
    }
    if (writers === undefined) {
      if (secondPerson) refused.set(approval, unknownAuthor);
      continue;
    }
    if (!isOwn) continue;
    const who = by === undefined ? "and is not committed" : `of ${listed(writers)}`;
    if (secondPerson) refused.set(approval, ownAuthor(who));
    else if (!isOld)
      notices.push(`The ${name} is by its own author: it comes with the change that it approves, ${who}.`);
  }
  return { notices, refused };
}

/** Why an approval does not count where limits.yaml wants a second person. @param who wrote it, as the end of a sentence */
export function ownAuthor(who: string): string {
  return `its approval is by its own author: written by the author of this change, ${who}; limits.yaml wants a second person`;
}

/** Why one does not count of which the commit is not here. */
export const unknownAuthor =
  "limits.yaml wants a second person, and who wrote the approval is not known: the history here is cut off, fetch all of it (`git fetch --unshallow`)";

/** The commit of a range (or of a commit's history) that brought an approval as it is, with who wrote that; unknown where the history is cut off. */
export async function writtenBy(
  root: string,
  range: string,
  approval: Approval,
  file: string,
): Promise<{ readonly by: string | undefined; readonly authors: readonly string[] | undefined }> {
  const by = await whoBrought(root, range, file, approval);
  if (by === undefined) return { by, authors: [] };
  if (await isCutOff(root, by)) return { by, authors: undefined };
  // Of a merge whoever wrote this entry, not all who touched the file; and what a merge's own author has put there is theirs.
  const inside = await whoBrought(root, `${by}^1..${by}`, file, approval);
  return { by, authors: [await authorOf(root, inside ?? by)] };
}

/**
 * The last commit that brought an entry as it is, whatever it changed to that end: another action in somebody's entry makes another
 * approval of it. If none is known, of a history the last one that touched the file: the entry is as old as that.
 */
async function whoBrought(root: string, range: string, file: string, approval: Approval): Promise<string | undefined> {
  const has = async (commit: string) => {
    const text = await textAt(root, commit, file);
    const { data = [] } = approvalsSchema.safeParse(text === undefined ? [] : readSource(file, text).source.data);
    return data.some((each) => isDeepStrictEqual(each, approval));
  };
  const commits = await commitsTouching(root, range, file);
  for (const commit of commits) if ((await has(commit)) && !(await has(`${commit}^`))) return commit;
  return range.includes("..") ? undefined : commits[0];
}

/** Why an approval that a commit brought does not count any more; `undefined` if it does. */
async function whySpent(
  { history, stateAt, touchedSince, needed }: Asked,
  { action, resource }: Approval,
  by: string,
): Promise<string | undefined> {
  const first = await stateAt(`${by}^`);
  if (first === undefined) return undefined;
  const states = [...(await touchedSince(by)), history.commit];
  if (states.length > mostStates) return `its approval has been there for more than ${mostStates} changes`;
  for (const each of states) {
    const later = await stateAt(each);
    const wanted = later ? needed(first, later) : [];
    if (wanted.some((one) => one.action === action && one.resource === resource))
      return "its approval was used already";
  }
  return undefined;
}
