import { type Change, type ChangeContext, differences, type Effect, effect } from "./change.ts";
import { kinds } from "./kinds.generated.ts";
import { nameOf } from "./subject.ts";

/** A change of one element in words: the kind's own, or what it is and which properties change. */
export function describeChange(change: Change, context: ChangeContext): Effect[] {
  const { describe } = kinds[change.kind] as {
    readonly describe?: (change: Change, context: ChangeContext) => Effect[] | undefined;
  };
  return describe?.(change, context) ?? describePlainly(change);
}

function describePlainly(change: Change): Effect[] {
  const name = nameOf(change.subject);
  switch (change.op) {
    case "create":
      return [effect(change.subject, `Adds ${name}.`)];
    case "delete":
      return [effect(change.subject, `Removes ${name}.`, [], { destroys: true })];
    case "update":
      return [effect(change.subject, `Changes ${name}: ${differences(change)}.`)];
    default:
      return change satisfies never;
  }
}
