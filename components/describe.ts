import { type Change, type ChangeContext, differences, type Effect, effect } from "./change.ts";
import { kinds } from "./kinds.generated.ts";
import { nameOf } from "./subject.ts";

/** Describes a change of one element: by the kind's own description, or by its name and the changed properties. */
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
