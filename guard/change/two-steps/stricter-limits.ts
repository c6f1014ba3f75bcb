import { fieldChanges } from "../../../components/registry/fields/field-changes.ts";
import { type Limits, schema } from "../../../components/review/limits.file.ts";

/** Of two limits, field by field, what allows less. */
export function stricterLimits(one: Limits, other: Limits): Limits {
  const weaker = fieldChanges(schema, other, one).flatMap((change) => (change.weaker ? [change.path] : []));
  const ofOther = Object.entries(other).filter(([name]) => weaker.includes(name));
  // Each change of it counts as weaker; `at-once` refuses what `in-waves` splits.
  const deployment = [one, other].some((each) => each.deployment === "at-once") ? "at-once" : "in-waves";
  return { ...one, ...Object.fromEntries(ofOther), deployment };
}
