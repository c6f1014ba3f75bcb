import { join } from "node:path";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Approval } from "../../../components/review/approvals.file.ts";
import { onceByName } from "../../../lib/once.ts";
import type { Review } from "../../verdict/review.ts";
import type { WantedApproval } from "../../verdict/weigh.ts";
import { approvalsWritten, wholeOf } from "../approvals-written.ts";
import { authorsOfChange, type History } from "../base/base.ts";
import { sameFleetAt } from "../base/fleets.ts";
import { isCutOff, parentsOf } from "../base/history.ts";
import { joinedBy, namesOfPeople, type Person } from "../base/people.ts";

/** What git says of the approvals that a change uses. */
export interface ApprovalsUsed {
  readonly notices: readonly string[];
  /** Those that do not count, each with the reason. */
  readonly refused: ReadonlyMap<Approval, string>;
}

interface Asked {
  readonly history: History;
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
 * for each commit that brought approvals of the base a comparison with each of these states; history and states are read once for all.
 * @returns asks about the approvals of a result that were not in an earlier one
 */
export function approvalsUsed(asked: Asked): (result: Review) => Promise<ApprovalsUsed> {
  const { history, secondPerson, say } = asked;
  const { root, commit, place } = history;
  const known = new Set<Approval>();
  const before = new Set(asked.before.map(wholeOf));
  const writtenBy = approvalsWritten(root, join(place, "approvals.yaml"));
  const since = onceByName((by) => neededSince(asked, by));
  return async ({ findings }) => {
    const all = new Set(findings.flatMap(({ approved }) => approved?.approval ?? []));
    const used = [...all].filter((approval) => !known.has(approval));
    for (const approval of used) known.add(approval);
    const notices: string[] = [];
    const refused = new Map<Approval, string>();
    if (used.length === 0) return { notices, refused };
    const authors = await authorsOfChange(root, `${commit}..HEAD`, place);
    for (const approval of used) {
      const { action, resource, approvedBy } = approval;
      const name = `approval ${action} ${resource}, by ${approvedBy},`;
      const isOld = before.has(wholeOf(approval));
      const { by, authors: writers } = await writtenBy(isOld ? commit : `${commit}..HEAD`, approval);
      const own = writers && ownWriters(writers, authors);
      const isOwn = by === undefined ? !isOld : own !== undefined;
      if (isOld && by !== undefined) {
        notices.push(`The ${name} was there before this change, since ${await say(by)}.`);
        const needed = await since(by);
        // One approval may be of several, each of which was needed by itself.
        const wanted = findings.flatMap((each) =>
          each.approved?.approval === approval && each.approval ? [wantedOf(each.approval)] : [],
        );
        const isUsed = (all: ReadonlySet<string>) =>
          all.has(wantedOf(approval)) || (wanted.length > 0 && wanted.every((each) => all.has(each)));
        const spent = typeof needed === "string" ? needed : isUsed(needed) ? usedAlready : undefined;
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
      const who = by === undefined || own === undefined ? "and is not committed" : own;
      if (secondPerson) refused.set(approval, ownAuthor(who));
      else if (!isOld)
        notices.push(`The ${name} is by its own author: it comes with the change that it approves, ${who}.`);
    }
    return { notices, refused };
  };
}

const usedAlready = "its approval was used already";

/**
 * Those who wrote an approval, as the end of a sentence, if one of them is an author of the change: then no second person has approved it.
 * With what joins them where their names do not show it.
 */
export function ownWriters(writers: readonly Person[], authors: readonly Person[]): string | undefined {
  const joined = joinedBy(writers, authors);
  if (joined === undefined) return undefined;
  const why = joined.plain ? "" : ` (git names ${joined.by} as an author of both)`;
  return `of ${namesOfPeople(writers)}${why}`;
}

/** Why an approval does not count where limits.yaml wants a second person. @param who wrote it, as the end of a sentence */
export function ownAuthor(who: string): string {
  return `its approval is by its own author: written by the author of this change, ${who}; limits.yaml wants a second person`;
}

/** Why one does not count of which the commit is not here. */
export const unknownAuthor =
  "limits.yaml wants a second person, and who wrote the approval is not known: the history here is cut off, fetch all of it (`git fetch --unshallow`)";

function wantedOf({ action, resource }: WantedApproval): string {
  return `${action} ${resource}`;
}

/** The approvals that were needed since a commit, or why that is not known any more. */
async function neededSince(
  { history, stateAt, touchedSince, needed }: Asked,
  by: string,
): Promise<ReadonlySet<string> | string> {
  const found = new Set<string>();
  const first = await stateAt(`${by}^`);
  if (first === undefined) return (await wasThere(history, by)) ? unreadable : found;
  const states = [...(await touchedSince(by)), history.commit];
  if (states.length > mostStates) return `its approval has been there for more than ${mostStates} changes`;
  for (const each of states) {
    const later = await stateAt(each);
    for (const wanted of later ? needed(first, later) : []) found.add(wantedOf(wanted));
  }
  return found;
}

const unreadable =
  "it is not known whether its approval was used already, because the fleet of before it cannot be read (write the entry anew in this change)";

/** Whether there was something of a fleet, or may have been, before a commit. */
async function wasThere({ root, commit, place }: History, by: string): Promise<boolean> {
  if (await isCutOff(root, by)) return true;
  return (await parentsOf(root, by)).length > 0 && (await sameFleetAt(root, commit, place, `${by}^`)) !== undefined;
}
