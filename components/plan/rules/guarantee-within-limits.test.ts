import { changed, testRule } from "../../../testing/test-rule.ts";
import { guaranteeWithinLimits } from "./guarantee-within-limits.ts";

testRule(guaranteeWithinLimits, {
  "more memory guaranteed than allowed": {
    break: (valid) =>
      changed(valid, "plans", 0, (plan) => ({ ...plan, guaranteed: { ...plan.guaranteed, memoryMb: 513 } })),
    expect: ["plan small guaranteed.memoryMb: Plan small guarantees 513 MiB of memory, but limits it to 512."],
  },
});
