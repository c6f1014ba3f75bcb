import { isDeepStrictEqual } from "node:util";
import type { Change } from "../../../components/registry/change.ts";
import { type FieldChange, fieldChanges } from "../../../components/registry/fields/field-changes.ts";
import type { Element, Key, Kind } from "../../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../../components/registry/kinds.generated.ts";
import { elementName } from "../../../components/registry/subject.ts";
import { byKey } from "../../../lib/lists.ts";
import { changesBetween, differing } from "../diff.ts";
import type { Found, Step } from "./step.ts";

/** Of what hosts and all accounts share: what an account has itself, its own changes say. */
const shared = (Object.keys(kinds) as Key[]).filter((key) => key === "hosts" || kinds[key].concerns === "fleet");

/**
 * Rules that this change breaks if what an earlier one gave way in (more overcommit, a host that is larger on paper, room no longer kept) is
 * put back: it was approved for itself, and nobody has seen what it would be used for.
 * @param earlier the whole fleet before the first step
 */
export function leaning(earlier: Declaration, { wholes: { before, after }, after: side, today }: Step): Found[] {
  const given = changesBetween(earlier, before).flatMap((change): Given[] => {
    if (change.op !== "update" || !shared.includes(change.kind)) return [];
    const fields = gaveWay(change);
    return fields.length === 0 ? [] : [{ key: change.kind, name: change.subject.name, fields }];
  });
  if (given.length === 0) return [];
  const judged = (declaration: Declaration) => side.judge(declaration, today).violations;
  const keyOf = ({ rule, subject: { kind, name } }: ReturnType<typeof judged>[number]) => `${rule} ${kind} ${name}`;
  const known = new Set([...judged(after), ...judged(putBack(before, given))].map(keyOf));
  return judged(putBack(after, given)).flatMap((violation): Found[] => {
    if (known.has(keyOf(violation))) return [];
    const { rule, subject, message } = violation;
    const approval = { action: "weaken", resource: `rule ${rule}` } as const;
    return [{ rule: "policies-hold", subject, message: `${rule}: ${message}`, approval }];
  });
}

interface Given {
  readonly key: Key;
  readonly name: string;
  readonly fields: readonly FieldChange[];
}

/** Fields by which rules allow more than before. */
function gaveWay(change: Change): FieldChange[] {
  const [was, is] = differing(change);
  const isSame =
    !("serial" in change.before!) || change.before.serial === (change.after as typeof change.before).serial;
  return fieldChanges((kinds[change.kind] as Kind).inputs, was, is).filter(({ judged, weaker, was: old, is: next }) => {
    // The same machine has more on paper alone.
    if (judged.class === "capacity") return isSame && typeof old === "number" && typeof next === "number" && next > old;
    return weaker && (judged.class === "promise" || judged.class === "redundancy");
  });
}

/** A fleet with these fields as they were, where it still has what was changed to. */
function putBack(declaration: Declaration, given: readonly Given[]): Declaration {
  const lists = [...Map.groupBy(given, ({ key }) => key)].map(([key, some]) => {
    const fields = byKey(some, ({ name }) => name);
    const list = (declaration[key] as readonly Element[]).map((element) => {
      const name = elementName(key, element as never);
      return (fields.get(name)?.fields ?? []).reduce<unknown>((whole, field) => withField(whole, field), element);
    });
    return [key, list];
  });
  return { ...declaration, ...Object.fromEntries(lists) };
}

function withField(whole: unknown, { steps, was, is }: Pick<FieldChange, "steps" | "was" | "is">): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return isDeepStrictEqual(whole, is) ? was : whole;
  // Items of lists are known by a key, which is no place.
  if (typeof whole !== "object" || whole === null || Array.isArray(whole)) return whole;
  const inner = withField(Reflect.get(whole, step), { steps: rest, was, is });
  if (inner !== undefined) return { ...whole, [step]: inner };
  const { [step]: _, ...others } = whole as Record<string, unknown>;
  return others;
}
