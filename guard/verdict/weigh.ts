import { createHash } from "node:crypto";
import { allKinds, kindNamed } from "../../components/registry/subject.ts";
import type { ApprovableAction, Approval } from "../../components/review/approvals.file.ts";
import { count } from "../../lib/text/text.ts";
import type { Finding } from "../rule.ts";

/** From harmless to forbidden. */
export const levels = ["safe", "needs approval", "blocked"] as const;
export type Level = (typeof levels)[number];

/** A finding with its level. */
export interface Weighed extends Finding {
  readonly rule: string;
  readonly level: Level;
  /** The approval that covers it, and the days until that ends; 0 on its last day. */
  readonly approved?: { readonly approval: Approval; readonly daysLeft: number };
}

/** What an approval has to name. */
export interface WantedApproval {
  readonly action: ApprovableAction;
  readonly resource: string;
}

/** Days after which an approval must end at the latest. */
const mostDays = 30;

/**
 * Judges findings by the approvals. One entry can approve an action for many resources of one kind: all that need it and have no
 * entry of their own. It says how many and which, so one more, one less or another one is not approved.
 * @param today ISO 8601
 * @param refused approvals that do not count, each with the reason
 */
export function weigh(
  findings: readonly (Finding & { readonly rule: string })[],
  approvals: readonly Approval[],
  today: string,
  refused: ReadonlyMap<Approval, string> = new Map(),
): { readonly weighed: Weighed[]; readonly unused: Approval[] } {
  const own = new Map(approvals.map((approval) => [keyOf(approval), approval]));
  const daysLeft = ({ expires }: Approval) => Math.round((Date.parse(expires) - Date.parse(today)) / 86_400_000);
  const inForce = (approval: Approval | undefined): approval is Approval =>
    approval !== undefined && !refused.has(approval) && daysLeft(approval) >= 0 && daysLeft(approval) <= mostDays;
  const wanted = findings.flatMap(({ approval }) => approval ?? []);
  const several = Map.groupBy(approvals.filter(isGroup), groupOf);
  // Once a group: its digest and its words are of all of its names.
  const together = new Map(
    groupsOf(wanted.filter((each) => !inForce(own.get(keyOf(each))))).map((group) => {
      const name = groupOf(group[0]!);
      return [name, { entry: entryFor(group), other: otherGroup(several.get(name)?.[0], group) }];
    }),
  );
  const exact = new Set(wanted.map(keyOf));
  const misspelling = misspellings(approvals.filter((each) => !isGroup(each) && !exact.has(keyOf(each))));
  const used = new Set<Approval>();
  const weighed = findings.map((finding): Weighed => {
    const { approval: needed } = finding;
    if (!needed) return { ...finding, level: "blocked" };
    const single = own.get(keyOf(needed));
    const group = together.get(groupOf(needed));
    const approval = inForce(single) ? single : ((group && own.get(keyOf(group.entry))) ?? single);
    if (approval !== undefined) used.add(approval);
    if (inForce(approval)) {
      return { ...finding, level: "safe", approved: { approval, daysLeft: daysLeft(approval) } };
    }
    const why =
      approval === undefined
        ? (group?.other ?? otherSpelling(needed, misspelling(needed)))
        : (refused.get(approval) ?? whyNot(approval, daysLeft(approval)));
    return {
      ...finding,
      level: "needs approval",
      ...(why && { message: `${finding.message.replace(/\.$/, "")}; ${why}.` }),
    };
  });
  return { weighed, unused: approvals.filter((approval) => !used.has(approval)) };
}

function whyNot({ expires }: Approval, left: number): string {
  if (left < 0) return `its approval ended on ${expires}`;
  return `its approval ends on ${expires}, more than ${mostDays} days ahead`;
}

/** Says that an approval of several is there, but of others than these, and which entries these need. */
function otherGroup(other: Approval | undefined, group: readonly WantedApproval[]): string | undefined {
  if (other === undefined) return undefined;
  const needed = entriesFor(group);
  const what = `${needed.length === 1 ? "an entry" : "entries"} in approvals.yaml with action ${other.action} and resource ${needed.map(({ resource }) => resource).join(", ")}`;
  return `the approval of ${resourceWords(other.resource)}, by ${other.approvedBy}, is for others, by its digest: to approve ${group.length === 1 ? "this" : "these"}, write ${what}`;
}

/** Approvals that nothing needs as they are spelt, by what they may mean; those with `*` by what they begin and end with. */
function misspellings(approvals: readonly Approval[]) {
  const [some, single] = [approvals.filter(isAny), approvals.filter((approval) => !isAny(approval))];
  const bySense = new Map(single.map((approval) => [sense(approval), approval]));
  const parts = some.map((approval) => ({ approval, part: sense(approval).split("*") }));
  return (needed: WantedApproval): Approval | undefined => {
    const meant = sense(needed);
    const begins = parts.find(({ part }) => meant.startsWith(part[0]!) && meant.endsWith(part.at(-1)!));
    return bySense.get(meant) ?? begins?.approval;
  };
}

const isAny = ({ resource }: WantedApproval) => resource.includes("*");

/** Names are compared letter by letter: an approval in another spelling approves nothing, which would not be seen. */
function otherSpelling({ resource }: WantedApproval, other: Approval | undefined): string | undefined {
  if (other === undefined) return undefined;
  return `approvals.yaml has ${other.resource}, by ${other.approvedBy}, which nothing here needs: write \`resource: ${resource}\``;
}

/** Action and resource without what people write in another way: case, plurals, the kind once more, leading zeros, a sign at the end. */
function sense({ action, resource }: WantedApproval): string {
  const [kind = "", name = ""] = resource.toLowerCase().split(" ");
  const known = allKinds.find(({ name: own, words }) => [own, ...words].some((word) => word.toLowerCase() === kind));
  const bare = name.replace(/^[a-z]+-(?=\d+$)/, "").replace(/(?<!\d)0+(?=\d)/g, "");
  return `${action} ${known?.name ?? kind} ${bare.replace(/[/.:]+$/, "")}`;
}

/** Up to this many get an entry each, which says more. */
const few = 3;

/** Entries that approve all of these: one each, or one for many of an action and a kind. */
export function entriesFor(wanted: readonly WantedApproval[]): WantedApproval[] {
  return groupsOf(wanted).flatMap((group) => (group.length > few ? [entryFor(group)] : group));
}

/** Those of one action and kind together, each once. */
function groupsOf(wanted: readonly WantedApproval[]): WantedApproval[][] {
  const once = new Map(wanted.map((each) => [keyOf(each), each]));
  return [...Map.groupBy(once.values(), groupOf).values()];
}

const keyOf = ({ action, resource }: WantedApproval) => `${action} ${resource}`;
const kindOf = ({ resource }: WantedApproval) => resource.split(" ")[0]!;
const groupOf = (wanted: WantedApproval) => `${wanted.action} ${kindOf(wanted)}`;
const isGroup = ({ resource }: WantedApproval) => resource.includes("(");

/**
 * One entry for several of an action and a kind: `account (160, <digest>)`. The digest is of their names: with the number alone an
 * author could exchange one for another after the approval. 128 bits, since an author can choose names.
 */
function entryFor(group: readonly WantedApproval[]): WantedApproval {
  const { action } = group[0]!;
  const names = group.map(({ resource }) => resource).sort();
  const digest = createHash("sha256").update(JSON.stringify(names)).digest("hex").slice(0, 32);
  return { action, resource: `${kindOf(group[0]!)} (${names.length}, ${digest})` };
}

/** An approval's resource in a sentence: `account 88`, `160 accounts`. */
function resourceWords(resource: string): string {
  const [, kind, number] = /^(\w+) \((\d+), /.exec(resource) ?? [];
  if (kind === undefined) return resource;
  const [one, many] = kindNamed(kind)?.words ?? [kind, `${kind}s`];
  return count(Number(number), one, many);
}
