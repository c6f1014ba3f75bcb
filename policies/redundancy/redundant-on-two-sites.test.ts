import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { testRule } from "../../testing/test-rule.ts";
import { redundantOnTwoSites } from "./redundant-on-two-sites.ts";

const redundant = (valid: Declaration, standby?: string): Declaration => ({
  ...valid,
  plans: [...valid.plans, { ...valid.plans[0]!, name: "redundant", survives: ["site"] }],
  accounts: valid.accounts.map((account, index) =>
    index > 0 ? account : { ...account, plan: "redundant", ...(standby !== undefined && { standby }) },
  ),
});

testRule(redundantOnTwoSites, {
  "no standby": {
    break: (valid) => redundant(valid),
    expect: ["account 1 standby: Account 1 of plan redundant has no standby host."],
    alsoBreaks: ["plans-promise-the-basics", "survives-any-single-loss"],
  },
  "a standby at the same site": {
    break: (valid) => redundant(valid, "h2"),
    expect: ["account 1 standby: Account 1 of plan redundant has standby host h2 at alpha, the site of its host h1."],
    alsoBreaks: ["plans-promise-the-basics", "survives-any-single-loss"],
  },
  "a standby that is not there": {
    break: (valid) => redundant(valid, "h9"),
    expect: ["account 1 standby: Account 1 of plan redundant has standby host h9, which is not declared."],
    alsoBreaks: ["plans-promise-the-basics", "survives-any-single-loss"],
  },
});
