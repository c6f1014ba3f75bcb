import { once } from "../../lib/once.ts";
import { count } from "../../lib/text/text.ts";
import { accountEntries } from "../account/entries.generated.ts";
import { type Change, type ChangeContext, differences, type Effect, effect } from "./change.ts";
import type { Element, Kind } from "./kind.ts";
import { type Declaration, kinds } from "./kinds.generated.ts";
import { nameOf } from "./subject.ts";

/** Kinds that are lists in an account's file. */
const entryKinds = (Object.keys(accountEntries) as (keyof typeof accountEntries)[]).map((key) => kinds[key] as Kind);

/** What changes are described in. */
export function describing(before: Declaration, after: Declaration, changes: ChangeContext["changes"]): ChangeContext {
  return { before, after, changes, ownOf };
}

/**
 * A change of one element in words: the kind's own, or what it is and which properties change. What comes, goes or moves with its
 * account is told with it.
 */
export function describeChange(
  change: Change,
  context: ChangeContext,
  kind: Kind = kinds[change.kind] as Kind,
): Effect[] {
  const left = besideAccount(change, kind, context);
  if (left === undefined) return [];
  return kind.describe?.(left, context) ?? describePlainly(left, kind);
}

/** What is left to be told of a change beside that of its account; nothing if that says it all. */
function besideAccount(change: Change, { key, accountOf }: Kind, { changes }: ChangeContext): Change | undefined {
  if (accountOf === undefined || key === "accounts") return change;
  const its = byNumber(changes.accounts).get(accountOf((change.after ?? change.before)!));
  if (its === undefined) return change;
  if (change.op !== "update") return its.op === change.op ? undefined : change;
  if (its.op !== "update" || its.before.host === its.after.host) return change;
  const paths = change.paths.filter((path) => path !== "host");
  return paths.length === 0 ? undefined : { ...change, paths };
}

const byNumber = once(
  (all: readonly Change<"accounts">[]) => new Map(all.map((each) => [Number(each.subject.name), each])),
);

function describePlainly(change: Change, { accountOf }: Kind): Effect[] {
  const name = nameOf(change.subject);
  const own = accountOf === undefined ? [] : [accountOf((change.after ?? change.before)!)];
  switch (change.op) {
    case "create":
      return [effect(change.subject, `Adds ${name}.`, own)];
    case "delete":
      return [effect(change.subject, `Removes ${name}.`, own, { destroys: true })];
    case "update":
      return [effect(change.subject, `Changes ${name}: ${differences(change)}.`, own)];
    default:
      return change satisfies never;
  }
}

const counted = once((side: Declaration) =>
  entryKinds.map(({ key, words, accountOf }) => {
    const elements = side[key] as readonly Element[];
    return { words, of: Map.groupBy(elements, (element) => accountOf!(element)) };
  }),
);

/** Kinds that an account has none of are left out. */
function ownOf(side: Declaration, account: number): string {
  return counted(side)
    .flatMap(({ words, of }) => {
      const { length } = of.get(account) ?? [];
      return length > 0 ? [count(length, ...words)] : [];
    })
    .join(", ");
}
