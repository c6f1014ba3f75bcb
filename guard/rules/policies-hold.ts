import type { GuardRule } from "../rule.ts";

/** A change that breaks a mandatory rule. */
export const policiesHold: GuardRule = {
  name: "policies-hold",
  theme: "rules",
  description: "After the change the fleet breaks no mandatory rule.",
  reason: "The program refuses to deploy a fleet that breaks one.",
  fix: "Follow the rule's fix in docs/reference/rules.md.",
  *find({ judged }) {
    for (const { rule, subject, message } of judged.after.violations) yield { subject, message: `${rule}: ${message}` };
  },
};
