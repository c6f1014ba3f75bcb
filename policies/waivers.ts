import type { WaiverInputs } from "../components/inputs.ts";
import { isWaivable } from "../components/registry/fields/schema-walk.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds, elementName, type Subject } from "../components/registry/subject.ts";
import type { Rule, RuleText, Violation } from "../components/rule.ts";
import { once } from "../lib/once.ts";

/** A violation that a waiver allows. */
export interface Waived {
  readonly violation: Violation;
  readonly waiver: WaiverInputs;
  /** The element with the waiver; `path` is the waiver's place in it. */
  readonly at: Subject;
  /** Whole days until it ends; 0 on its last day. */
  readonly daysLeft: number;
}

/** Maximum number of days that a waiver may last from today. */
const mostDays = 90;

/** Text of the rule about waivers that are not in force. */
export const waiversInForceText: RuleText = {
  name: "waivers-in-force",
  severity: "high",
  scope: "resource",
  description: `Every waiver names a rule that can be waived, ends no more than ${mostDays} days from today, and has not ended.`,
  reason: "A waiver is a debt with a due date: one that never ends disables the rule.",
  fix: "Fix the violation and remove the waiver; or, if its owner needs more time, set a new `expires` in waivers.yaml.",
};

/** Text of the rule about waivers that match no violation. */
export const waiversNeededText: RuleText = {
  name: "waivers-needed",
  severity: "medium",
  scope: "stack",
  description: "Every waiver matches at least one violation.",
  reason: "If a waiver stays after its violation is fixed, the next violation passes unnoticed.",
  fix: "Remove the waiver from waivers.yaml; if it should match a violation, correct its rule, resource or path.",
};

/** Rules about waivers themselves. They cannot be waived. */
export const waiverRules: readonly RuleText[] = [waiversInForceText, waiversNeededText];

interface Carried {
  readonly waiver: WaiverInputs;
  readonly element: Subject;
  readonly at: Subject;
}

/** Every waiver with the element that carries it. */
const carried = once((declaration: Declaration): readonly Carried[] =>
  waivable.flatMap(({ key, name: kind }) =>
    (declaration[key] as readonly { readonly waivers?: readonly WaiverInputs[] }[]).flatMap((carrier): Carried[] => {
      if (carrier.waivers === undefined) return [];
      const element = { kind, name: elementName(key, carrier as never) };
      return carrier.waivers.map((waiver, index) => {
        return { waiver, element, at: { ...element, path: `waivers.${index}` } };
      });
    }),
  ),
);

const waivable = allKinds.filter(isWaivable);

/** Divides violations into those that stand and those that a waiver in force allows. */
export function waive(
  violations: readonly Violation[],
  declaration: Declaration,
  today: string,
  judgedBy: readonly Rule[],
): { violations: Violation[]; waived: Waived[] } {
  if (violations.length === 0) return { violations: [], waived: [] };
  const waivable = new Set(judgedBy.filter((rule) => rule.waivable).map(({ name }) => name));
  const byPlace = new Map<string, Carried[]>();
  for (const each of carried(declaration)) {
    if (!waivable.has(each.waiver.rule) || daysBetween(today, each.waiver.expires) < 0) continue;
    const place = placeOf(each.waiver.rule, each.element);
    byPlace.set(place, [...(byPlace.get(place) ?? []), each]);
  }
  if (byPlace.size === 0) return { violations: [...violations], waived: [] };
  const waived: Waived[] = [];
  const standing = violations.filter((violation) => {
    const by = byPlace.get(placeOf(violation.rule, violation.subject))?.find(({ waiver }) => covers(waiver, violation));
    if (by) waived.push({ violation, waiver: by.waiver, at: by.at, daysLeft: daysBetween(today, by.waiver.expires) });
    return !by;
  });
  return { violations: standing, waived };
}

/** Violations for waivers that have ended, last too long, or name a rule that cannot be waived. */
export function waiversInForce(declaration: Declaration, today: string, known: readonly Rule[]): Violation[] {
  return carried(declaration).flatMap(({ waiver, at }) => {
    const left = daysBetween(today, waiver.expires);
    const rule = known.find(({ name }) => name === waiver.rule);
    let found: string | undefined;
    if (rule === undefined) found = "names a rule that does not exist";
    else if (!rule.waivable) found = "names a rule that cannot be waived";
    else if (Number.isNaN(left)) found = `ends on ${waiver.expires}, which is not a valid date`;
    else if (left < 0) found = `ended ${days(-left)} ago, on ${waiver.expires}`;
    else if (left > mostDays)
      found = `ends in ${days(left)}, on ${waiver.expires}; at most ${mostDays} days are allowed`;
    if (found === undefined) return [];
    const message = `The waiver of ${waiver.rule} for ${at.kind} ${at.name}, by ${waiver.owner}, ${found}.`;
    return [{ rule: waiversInForceText.name, subject: at, message }];
  });
}

/** Violations for waivers that match no violation. {@link waiversInForce} reports those that are not in force. */
export function waiversNeeded(declaration: Declaration, waived: readonly Waived[], today: string): Violation[] {
  const used = new Set(waived.map(({ waiver }) => waiver));
  return carried(declaration).flatMap(({ waiver, at }) => {
    if (used.has(waiver) || !(daysBetween(today, waiver.expires) >= 0)) return [];
    const where = waiver.path === undefined ? "" : `, ${waiver.path}`;
    const message = `The waiver of ${waiver.rule} for ${at.kind} ${at.name}${where}, by ${waiver.owner}, matches no violation.`;
    return [{ rule: waiversNeededText.name, subject: at, message }];
  });
}

/** One line for every preview. */
export function describeWaived({ violation, waiver, daysLeft }: Waived): string {
  return `Waived until ${waiver.expires} (${daysLeft === 0 ? "its last day" : `${days(daysLeft)} left`}) by ${waiver.owner}: ${violation.message} (${violation.rule}). ${waiver.reason}`;
}

function covers({ path }: WaiverInputs, violation: Violation): boolean {
  const at = violation.subject.path ?? "";
  return path === undefined || at === path || at.startsWith(`${path}.`);
}

function placeOf(rule: string, { kind, name }: Subject): string {
  return `${rule} ${kind} ${name}`;
}

/** Whole days from one day to another, both ISO 8601; NaN if either is not a valid date. */
function daysBetween(from: string, to: string): number {
  return (Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000;
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}
