import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const guaranteeWithinLimits = defineRule({
  name: "guarantee-within-limits",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  description: "No plan guarantees more memory than its memory limit allows.",
  reason: "An account can never use what is above its limit, so hosts would keep memory free for nobody.",
  fix: "Lower the plan's `guaranteed.memoryMb`, or raise its `memoryMaxMb`.",
  *find({ plans }) {
    for (const plan of plans) {
      if (plan.guaranteed.memoryMb <= plan.memoryMaxMb) continue;
      yield {
        subject: subject.plan(plan, "guaranteed.memoryMb"),
        message: `Plan ${plan.name} guarantees ${plan.guaranteed.memoryMb} MiB of memory, but limits it to ${plan.memoryMaxMb}.`,
      };
    }
  },
});
