import { type FieldChange, fieldChanges, fieldWords } from "../../../components/registry/fields/field-changes.ts";
import type { Element, Key, Kind } from "../../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../../components/registry/kinds.generated.ts";
import { allKinds, elementName } from "../../../components/registry/subject.ts";
import type { Finding } from "../../rule.ts";
import { guardRules } from "../../rules.generated.ts";
import type { Weighed } from "../../verdict/weigh.ts";
import { changesBetween, differing } from "../diff.ts";
import { wantedOf } from "./leant-waivers.ts";
import type { Step } from "./step.ts";

/** A finding of this change by itself that an earlier one made possible, or worse. */
export interface Beside {
  readonly of: Weighed;
  /** What of the earlier change has to do with it, in words. */
  readonly what: string;
}

/**
 * What an earlier change has to do with what this one needs an approval for anyway: whoever approves the second step is to know of the
 * first.
 * @param earlier the whole fleet before the first step @param second findings of this change alone @param both findings of both steps together
 */
export function besideOf(
  earlier: Declaration,
  second: readonly Weighed[],
  both: readonly Weighed[],
  step: Step,
): Beside[] {
  const together = Map.groupBy(both, wantedOf);
  const own = Map.groupBy(second, wantedOf);
  const { before, after } = step.wholes;
  const [first, next, whole] = [
    changesBetween(earlier, before),
    changesBetween(before, after),
    changesBetween(earlier, after),
  ].map((changes) => new Map(changes.map((change) => [`${change.subject.kind} ${change.subject.name}`, change])));
  const withoutNew = brokenWithout(earlier, step);
  return second.flatMap((of): Beside[] => {
    if (of.level === "safe") return [];
    const { kind, name, path } = of.subject;
    // Of several it cannot be told which is which.
    const alike = own.get(wantedOf(of))!.length === 1 ? together.get(wantedOf(of)) : undefined;
    const inAll =
      alike?.length === 1 && alike[0]!.message !== of.message ? `in all: ${bareMessage(alike[0]!)}` : undefined;
    const [was, now, all] = [first, next, whole].map((changes) => changes!.get(`${kind} ${name}`));
    if (was?.op === "update" && now?.op === "update") {
      const fields = (change: typeof was) =>
        fieldChanges((kinds[change.kind] as Kind).inputs, ...differing(change)).filter((each) => counts(each, of));
      const changed = fields(now).filter(({ steps }) => path === undefined || steps[0] === path.split(".")[0]);
      const same = fields(was).filter((each) => changed.some((one) => isSame(each, one)));
      // What is changed back is not in both steps together.
      const isInAll = all?.op === "update" && fields(all).some((each) => same.some((one) => isSame(each, one)));
      if (same.length > 0) return [{ of, what: (isInAll && inAll) || same.map(fieldWords).join(", ") }];
      // Of another field of the same element it lists both, which says nothing.
      if (listing.has(of.rule)) return [];
    }
    if (inAll !== undefined) return [{ of, what: inAll }];
    if (now?.op !== "delete") return [];
    return withoutNew(now.kind).map((what) => ({ of, what: `without it: ${what}` }));
  });
}

/** Rules whose findings list the fields that differ. */
const listing = new Set(guardRules.flatMap(({ name, lists }) => (lists ? name : [])));

/** Of these one change leaves to the next. What another rule judges in words of its own, that rule compares. */
function counts({ judged }: FieldChange, { rule }: Weighed): boolean {
  return (judged.judged ?? rule) === rule && !["behaviour", "text", "derived"].includes(judged.class);
}

/**
 * Whether two changes are of one field. Of quantities and of what stands by, what comes to a list or leaves it is one too; of who is trusted,
 * and with what, only the same item.
 */
export function isSame(one: FieldChange, other: FieldChange): boolean {
  const isExact = one.judged.class === "trust" || one.judged.class === "identity";
  const place = isExact ? ({ steps }: FieldChange) => JSON.stringify(steps) : placeOf;
  if (place(one) !== place(other)) return false;
  const [first, second] = [one, other].map(({ was, is }) =>
    Array.isArray(was ?? is) ? itemsMoved(was, is) : undefined,
  );
  return !isExact || !first || !second || first.some((item) => second.includes(item));
}

/** What comes to a list of texts or leaves it. */
function itemsMoved(was: unknown, is: unknown): unknown[] {
  const [old, next] = [was ?? [], is ?? []] as [unknown[], unknown[]];
  return [...old.filter((item) => !next.includes(item)), ...next.filter((item) => !old.includes(item))];
}

/** A field by its place; of what comes to a list or leaves it, the list. */
function placeOf({ steps, was, is }: FieldChange): string {
  const isItem = [was, is].some((side) => side === undefined) && [was, is].some((side) => typeof side === "object");
  return JSON.stringify(isItem ? steps.slice(0, -1) : steps);
}

/**
 * Rules that the fleet breaks after this change without what an earlier one has added, as host or device: it has taken the place of what
 * goes now, if only on paper. Nothing is said where something else is on what was added. Asked once a kind.
 */
function brokenWithout(
  earlier: Declaration,
  { wholes: { before, after }, after: side, today }: Step,
): (kind: Key) => readonly string[] {
  const known = new Map<Key, readonly string[]>();
  const broken = (declaration: Declaration) =>
    side.judge(declaration, today).violations.map(({ rule, subject: { kind, name }, message }) => ({
      rule,
      key: `${rule} ${kind} ${name}`,
      message,
    }));
  const ask = (kind: Key): readonly string[] => {
    if (kind !== "hosts" && kinds[kind].concerns !== "fleet") return [];
    const names = (of: Declaration) =>
      new Set((of[kind] as readonly Element[]).map((element) => elementName(kind, element as never)));
    const [old, was] = [names(earlier), names(before)];
    const added = [...was].filter((name) => !old.has(name));
    if (added.length === 0) return [];
    const isAdded = new Set(added);
    if (kind === "hosts" && after.accounts.some(({ host, standby }) => isAdded.has(host) || isAdded.has(standby ?? "")))
      return [];
    const without = (of: Declaration): Declaration => {
      const lists = (allKinds as readonly Kind[]).flatMap(({ key, hostOf }) => {
        const named = (element: Element) =>
          key === kind ? elementName(key, element as never) : kind === "hosts" ? hostOf?.(element) : undefined;
        return [[key, (of[key] as readonly Element[]).filter((element) => !isAdded.has(named(element) ?? ""))]];
      });
      return { ...of, ...Object.fromEntries(lists) };
    };
    const is = new Set([...broken(after), ...broken(without(before))].map(({ key }) => key));
    const fresh = broken(without(after)).filter(({ key }) => !is.has(key));
    if (fresh.some(({ rule }) => rule === "references-exist")) return [];
    return fresh.slice(0, 1).map(({ rule, message }) => `${rule}: ${message.replace(/\.$/, "")}`);
  };
  return (kind) => {
    const found = known.get(kind) ?? ask(kind);
    known.set(kind, found);
    return found;
  };
}

/** Findings, each with the earlier change that is beside it. @param commits what is beside them, each with a commit in words */
export function withBeside<F extends Finding & { readonly rule: string }>(
  findings: readonly F[],
  commits: readonly (Beside & { readonly commit: string })[],
): readonly F[] {
  if (commits.length === 0) return findings;
  const of = Map.groupBy(commits, ({ of }) => wantedOf(of));
  const texts = new Set(findings.map(({ message }) => message));
  return findings.map((finding) => {
    const some = of.get(wantedOf(finding)) ?? [];
    // In one cell under review it may be said otherwise than in the whole fleet.
    const said =
      some.find((each) => each.of.message === finding.message) ?? some.find((each) => !texts.has(each.of.message));
    if (said === undefined) return finding;
    return { ...finding, message: `${bareMessage(finding)}, after an earlier change (${said.what}): ${said.commit}.` };
  });
}

const bareMessage = ({ message }: Pick<Finding, "message">) => message.replace(/\.$/, "");
