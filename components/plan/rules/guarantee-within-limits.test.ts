import { changed, testRule } from "../../../testing/test-rule.ts";
import { guaranteeWithinLimits } from "./guarantee-within-limits.ts";

testRule(guaranteeWithinLimits, {
  "more memory guaranteed than allowed": {
    break: (valid) =>
      changed(valid, "plans", 0, (plan) => ({ ...plan, guaranteed: { ...plan.guaranteed, memoryMb: 513 } })),
    expect: ["plan small guaranteed.memoryMb: Plan small guarantees 513 MiB of memory, but limits it to 512."],
  },
  "less memory allowed to one account than its plan guarantees": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({
        ...account,
        limits: { ...account.limits, memoryMaxMb: 32 },
        ownLimits: ["memoryMaxMb"],
      })),
    expect: [
      "account 1 limits.memoryMaxMb: Account 1 is guaranteed 64 MiB of memory by plan small, but limits it to 32.",
    ],
  },
});
