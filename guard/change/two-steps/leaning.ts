import type { Change } from "../../../components/registry/change.ts";
import { type FieldChange, fieldChanges, takenBack } from "../../../components/registry/fields/field-changes.ts";
import type { Element, Key, Kind } from "../../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../../components/registry/kinds.generated.ts";
import { elementName } from "../../../components/registry/subject.ts";
import { byKey } from "../../../lib/lists.ts";
import { changesBetween, differing } from "../diff.ts";
import { moreOnPaper } from "../on-paper.ts";
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
  const less = fieldChanges((kinds[change.kind] as Kind).inputs, ...differing(change)).filter(
    ({ judged, weaker, was, is }) =>
      weaker &&
      (judged.class === "promise" || judged.class === "redundancy") &&
      // With an item back that went, no rule allows less; and what it names may be gone.
      !(is === undefined && typeof was === "object"),
  );
  return change.kind === "hosts" && change.op === "update"
    ? [...less, ...moreOnPaper(change.before, change.after)]
    : less;
}

/** A fleet with these fields as they were, where it still has what was changed to. */
function putBack(declaration: Declaration, given: readonly Given[]): Declaration {
  const lists = [...Map.groupBy(given, ({ key }) => key)].map(([key, some]) => {
    const fields = byKey(some, ({ name }) => name);
    const { inputs }: Kind = kinds[key];
    const list = (declaration[key] as readonly Element[]).map((element) =>
      takenBack(inputs, element, fields.get(elementName(key, element as never))?.fields ?? []),
    );
    return [key, list];
  });
  return { ...declaration, ...Object.fromEntries(lists) };
}
