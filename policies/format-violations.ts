import { nameOf, type Subject } from "../components/registry/subject.ts";
import { pageOf, type RuleText, type Violation } from "../components/rule.ts";
import { rules } from "./rules.generated.ts";
import { waiverRules } from "./waivers.ts";

/** How many violations of one rule are shown one by one; the rest is counted. */
export const shownPerRule = 10;

/** Why a rule exists, what to do about a violation and where more is said, a line each. */
export function whyAndMend(rule: RuleText): string {
  return `Why: ${rule.reason}\nMend: ${rule.remediation}\nSee: ${pageOf(rule)}`;
}

/**
 * Violations for a terminal: for each rule what is wrong and where, why it matters and how to mend it. Violations of one
 * rule share one paragraph; after ten the rest is counted.
 * @param where file and line of a subject (`inventory/prod/hosts/h1.yaml:12`); without one the subject itself is named.
 * @returns the empty string when there is no violation.
 */
export function formatViolations(
  violations: readonly Violation[],
  where: (subject: Subject) => string | undefined = () => undefined,
): string {
  if (violations.length === 0) return "";
  const byRule = Map.groupBy(violations, (violation) => violation.rule);
  const paragraphs = [...byRule].map(([name, group]) => formatRule(name, group, where));
  const [rule, violation] = [plural(byRule.size, "rule"), plural(violations.length, "violation")];
  return `${paragraphs.join("\n\n")}\n\n${violation} of ${rule}.\n`;
}

function formatRule(
  name: string,
  group: readonly Violation[],
  where: (subject: Subject) => string | undefined,
): string {
  const rule: RuleText | undefined = [...rules, ...waiverRules].find((candidate) => candidate.name === name);
  const lines = [rule ? `${name} (${rule.severity}): ${rule.description}` : name];
  for (const { subject, message } of group.slice(0, shownPerRule)) {
    lines.push(`  ${where(subject) ?? nameOf(subject)}: ${message}`);
  }
  const hidden = group.slice(shownPerRule);
  if (hidden.length > 0) {
    const last = hidden.at(-1)!.subject;
    lines.push(`  and ${hidden.length} more, up to ${where(last) ?? nameOf(last)}.`);
  }
  if (rule) lines.push(whyAndMend(rule).replace(/^/gm, "  "));
  return lines.join("\n");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
