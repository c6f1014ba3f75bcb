import { subject } from "../../components/registry/subject.ts";
import type { GuardRule } from "../rule.ts";

/** The rules of the old side still exist and still hold. */
export const rulesKept: GuardRule = {
  name: "rules-kept",
  theme: "rules",
  description: "A change does not remove or weaken a rule that would have refused it.",
  reason: "A change that also weakens the rules that judge it would pass unchecked.",
  fix: "Change the rule first, in a separate change with a `weaken` approval; after that, submit what the rule refused.",
  *find({ before, after, judged, today }) {
    const there = new Set(after.rules);
    const seen = new Set(judged.after.violations.map(identify));
    const waived = new Set(judged.after.waived.map(({ violation }) => identify(violation)));
    // Judge the new side by the old rules: a violation that only they report is one that the changed rules let through.
    const old = before.judge === after.judge ? undefined : before.judge(after.declaration, today);
    const excused = (old?.violations ?? []).filter(
      (violation) => !seen.has(identify(violation)) && !waived.has(identify(violation)),
    );
    for (const rule of old?.unable?.filter((name) => there.has(name)) ?? []) {
      yield {
        subject: subject.register({}),
        message: `Rule ${rule} of the base cannot read what this change declares: whether the change weakens it is unknown.`,
        approval: { action: "weaken", resource: `rule ${rule}` },
      };
    }
    for (const { rule, subject, message } of excused) {
      const how = there.has(rule) ? "no longer reports" : "is removed and no longer reports";
      yield { subject, message: `Rule ${rule} ${how} this: ${message}` };
    }
    for (const rule of before.rules.filter((name) => !there.has(name))) {
      yield {
        subject: subject.register({}),
        message: `Removes rule ${rule}.`,
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
