import { changed, testRule } from "../../testing/test-rule.ts";
import { equalWeightsInAPlan } from "./equal-weights-in-a-plan.ts";

testRule(equalWeightsInAPlan, {
  "more CPU than the plan": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, limits: { ...account.limits, cpuWeight: 200 } })),
    expect: ["account 1 limits.cpuWeight: Account 1 has cpuWeight 200, but its plan small has 100."],
  },
  "less IO than the plan": {
    break: (valid) =>
      changed(valid, "accounts", 2, (account) => ({ ...account, limits: { ...account.limits, ioWeight: 10 } })),
    expect: ["account 3 limits.ioWeight: Account 3 has ioWeight 10, but its plan small has 100."],
  },
});
