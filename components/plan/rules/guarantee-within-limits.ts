import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const guaranteeWithinLimits = defineRule({
  name: "guarantee-within-limits",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  description: "No account is guaranteed more memory than its memory limit allows.",
  reason: "An account can never use what is above its limit, so hosts would keep memory free for nobody.",
  fix: "Lower the plan's `guaranteed.memoryMb`, or raise `memoryMaxMb` in the plan or in the account's `limits`.",
  *find({ plans, accounts }) {
    for (const plan of plans) {
      if (plan.guaranteed.memoryMb <= plan.memoryMaxMb) continue;
      yield {
        subject: subject.plan(plan, "guaranteed.memoryMb"),
        message: `Plan ${plan.name} guarantees ${plan.guaranteed.memoryMb} MiB of memory, but limits it to ${plan.memoryMaxMb}.`,
      };
    }
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    for (const account of accounts) {
      if (!account.ownLimits?.includes("memoryMaxMb")) continue;
      const guaranteed = planOf.get(account.plan)?.guaranteed.memoryMb ?? 0;
      if (guaranteed <= account.limits.memoryMaxMb) continue;
      yield {
        subject: subject.account(account, "limits.memoryMaxMb"),
        message: `Account ${account.number} is guaranteed ${guaranteed} MiB of memory by plan ${account.plan}, but limits it to ${account.limits.memoryMaxMb}.`,
      };
    }
  },
});
