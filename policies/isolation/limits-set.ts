import { eachLimit, type LimitName, limitNames, limitOf } from "../../components/plan/each-limit.ts";
import { type Subject, subject } from "../../components/registry/subject.ts";
import { defineRule, type Found } from "../../components/rule.ts";

export const limitsSet = defineRule({
  name: "limits-set",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the loader refuses it",
  description: "Every plan and every account has a value for each limit, within the bounds of that limit.",
  reason:
    "An account without a limit can use all memory, tasks or disk of its host and stop every other account there.",
  fix: "Set a value within the limit's bounds in the account's plan (docs/reference/inventory.md#plan).",
  *find({ plans, accounts }) {
    const judge = judging();
    // Accounts without limits of their own have those of their plan.
    const sound = new Set<object>();
    for (const plan of plans) yield* judge(plan, `Plan ${plan.name}`, (path) => subject.plan(plan, path));
    for (const account of accounts) {
      if (sound.has(account.limits)) continue;
      const wrong = [
        ...judge(account.limits, `Account ${account.number}`, (path) => subject.account(account, `limits.${path}`)),
      ];
      if (wrong.length === 0) sound.add(account.limits);
      yield* wrong;
    }
  },
});

/** Accounts have the few values of their plans: each is looked at once. */
function judging() {
  const inBounds = eachLimit(() => new Set<number>());
  const isInBounds = (name: LimitName, value: number | undefined) => {
    if (value === undefined) return false;
    if (inBounds[name].has(value)) return true;
    if (!limitOf(name).schema.safeParse(value).success) return false;
    inBounds[name].add(value);
    return true;
  };
  return function* judge(
    values: { readonly [Name in LimitName]: number },
    owner: string,
    subjectOf: (path: string) => Subject,
  ): Generator<Found> {
    for (const name of limitNames) {
      if (isInBounds(name, values[name])) continue;
      yield { subject: subjectOf(name), message: `${owner} has ${name} ${values[name]}, which is out of bounds.` };
    }
  };
}
