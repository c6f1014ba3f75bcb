import type { GuardRule } from "./guard-rule.ts";

/** A change that breaks a mandatory rule. */
export const policiesHold: GuardRule = {
  name: "policies-hold",
  description: "No mandatory rule is broken afterwards.",
  reason: "The program refuses to declare such a fleet, so a deployment would end before it begins.",
  remediation: "Follow the rule's own advice in docs/reference/rules.md.",
  *find({ judged }) {
    for (const { rule, subject, message } of judged.after.violations) yield { subject, message: `${rule}: ${message}` };
  },
};
