import { subject } from "../../components/registry/subject.ts";
import type { GuardRule } from "./guard-rule.ts";

/** The rules of the old side still hold, and are still there. */
export const rulesKept: GuardRule = {
  name: "rules-kept",
  description: "No rule is taken away or weakened together with what it would have refused.",
  reason: "A change that also changes its judge is not judged at all.",
  remediation:
    "Bring the change of the rule by itself, with a `weaken` approval; what the rule refused comes after it, as a change of its own.",
  *find({ before, after, judged, today }) {
    const there = new Set(after.rules);
    const seen = new Set(judged.after.violations.map(identify));
    const waived = new Set(judged.after.waived.map(({ violation }) => identify(violation)));
    // The new side by the old rules: what only they object to is what the change of rules lets through.
    const excused =
      before.judge === after.judge
        ? []
        : before
            .judge(after.declaration, today)
            .violations.filter((violation) => !seen.has(identify(violation)) && !waived.has(identify(violation)));
    for (const { rule, subject, message } of excused) {
      const how = there.has(rule) ? "no longer objects to" : "was taken away together with";
      yield { subject, message: `Rule ${rule} ${how} this: ${message}` };
    }
    for (const rule of before.rules.filter((name) => !there.has(name))) {
      yield {
        subject: subject.register({}),
        message: `Rule ${rule} is taken away.`,
        approval: { action: "weaken", resource: `rule ${rule}` },
      };
    }
  },
};

function identify({
  rule,
  subject: { kind, name, path },
}: {
  rule: string;
  subject: { kind: string; name: string; path?: string };
}) {
  return `${rule} ${kind} ${name} ${path ?? ""}`;
}
