import { changed, testRule } from "../../testing/test-rule.ts";
import { guaranteedCores } from "./guaranteed-cores.ts";

testRule(guaranteedCores, {
  "an account with little weight beside a heavy one": {
    break: (valid) => {
      const weighing = (which: number, cpuWeight: number, declaration = valid) =>
        changed(declaration, "accounts", which, (account) => ({
          ...account,
          host: "h1",
          limits: { ...account.limits, cpuWeight },
          ownLimits: ["cpuWeight"],
        }));
      return weighing(2, 10_000, weighing(0, 1));
    },
    expect: [
      "account 1 limits.cpuWeight: Account 1 gets 0.0032 cores of busy host h1 by its CPU weight 1, but plan small guarantees 0.05.",
    ],
  },
});
