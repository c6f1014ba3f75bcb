import type { AccountContainerInputs } from "../../components/declaration.ts";
import { defineRule, subject } from "../rule.ts";

export const equalWeightsInAPlan = defineRule({
  name: "equal-weights-in-a-plan",
  severity: "high",
  scope: "stack",
  description: "All accounts of one plan have the plan's CPU weight and IO weight.",
  reason: "Accounts that pay the same would get unequal shares of a busy host.",
  remediation: "Change the weight in the plan, for all its accounts; for one account choose another `plan`.",
  *find({ plans, accounts }) {
    const byName = new Map(plans.map((plan) => [plan.name, plan]));
    const byPlan = new Map<string, AccountContainerInputs[]>();
    for (const account of accounts) {
      const group = byPlan.get(account.plan);
      if (group) group.push(account);
      else byPlan.set(account.plan, [account]);
    }
    for (const [name, group] of byPlan) {
      for (const weight of ["cpuWeight", "ioWeight"] as const) {
        // Plans are no resources: among registered accounts the plan's weight is the one most of them have.
        const expected = byName.get(name)?.[weight] ?? mostCommon(group.map((account) => account.limits[weight]));
        for (const account of group) {
          if (account.limits[weight] === expected) continue;
          yield {
            subject: subject.account(account, `limits.${weight}`),
            message: `Account ${account.number} has ${weight} ${account.limits[weight]}, its plan ${name} has ${expected}.`,
          };
        }
      }
    }
  },
});

/** The value that occurs most often; of several the one met first. */
function mostCommon(values: readonly number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let best: number | undefined;
  for (const [value, count] of counts) if (best === undefined || count > counts.get(best)!) best = value;
  return best;
}
