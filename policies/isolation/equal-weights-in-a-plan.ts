import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const equalWeightsInAPlan = defineRule({
  name: "equal-weights-in-a-plan",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "All accounts of one plan have the plan's CPU weight and IO weight, unless their own file sets another.",
  reason: "Accounts that pay the same would get unequal shares of a busy host.",
  fix: "To change the weight of all accounts, change it in the plan; for one account, set it in the account's `limits`.",
  *find({ plans, accounts }) {
    const byName = new Map(plans.map((plan) => [plan.name, plan]));
    for (const account of accounts) {
      const plan = byName.get(account.plan);
      // `references-exist` reports an account with an unknown plan.
      if (plan === undefined) continue;
      for (const weight of ["cpuWeight", "ioWeight"] as const) {
        if (account.limits[weight] === plan[weight] || account.ownLimits?.includes(weight)) continue;
        yield {
          subject: subject.account(account, `limits.${weight}`),
          message: `Account ${account.number} has ${weight} ${account.limits[weight]}, but its plan ${plan.name} has ${plan[weight]}.`,
        };
      }
    }
  },
});
