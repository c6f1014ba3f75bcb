import { limitNames, limitOf } from "../../components/plan/each-limit.ts";
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
    for (const plan of plans) yield* judge(plan, `Plan ${plan.name}`, (path) => subject.plan(plan, path));
    for (const account of accounts) {
      yield* judge(account.limits, `Account ${account.number}`, (path) => subject.account(account, `limits.${path}`));
    }
  },
});

function* judge(
  values: { readonly [Name in (typeof limitNames)[number]]: number },
  owner: string,
  subjectOf: (path: string) => Subject,
): Generator<Found> {
  for (const name of limitNames) {
    if (values[name] !== undefined && limitOf(name).schema.safeParse(values[name]).success) continue;
    yield { subject: subjectOf(name), message: `${owner} has ${name} ${values[name]}, which is out of bounds.` };
  }
}
