import type { Change } from "../../components/registry/change.ts";
import { type FieldChange, fieldChanges, mayWeaken } from "../../components/registry/fields/field-changes.ts";
import type { FieldClass } from "../../components/registry/fields/field-class.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { once } from "../../lib/once.ts";
import { differing, memberOf } from "./diff.ts";

const found = once((change: Change): readonly FieldChange[] => {
  if (change.op !== "update") return [];
  const { inputs } = kinds[change.kind] as Kind;
  // A change of all accounts is mostly one of such a member: nothing of it has to be compared.
  if (!change.paths.some((path) => mayWeaken(inputs, memberOf(path)))) return [];
  return fieldChanges(inputs, ...differing(change)).filter(({ weaker }) => weaker);
});

/** What of a change needs an approval by the class of the field; without fields that another guard rule judges in words of its own. */
export function weakened(change: Change, ...classes: readonly FieldClass[]): FieldChange[] {
  return found(change).filter(({ judged }) => judged.judged === undefined && classes.includes(judged.class));
}
