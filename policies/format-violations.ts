import { nameOf, type Subject } from "../components/registry/subject.ts";
import { pageOf, type RuleText, type Violation } from "../components/rule.ts";
import { rules } from "./rules.generated.ts";
import { waiverRules } from "./waivers.ts";

/** Maximum number of violations of one rule that are shown; the rest is counted. */
export const shownPerRule = 10;

/** Three lines about a rule: why it exists, how to fix a violation, where it is described. */
export function whyAndFix(rule: RuleText): string {
  return `Why: ${rule.reason}\nFix: ${rule.fix}\nSee: ${pageOf(rule)}`;
}

/**
 * Formats violations for a terminal: for each rule the violations with their places, why it matters and how to fix them. Violations
 * of one rule share one paragraph; after ten the rest is counted.
 * @param where file and line of a subject (`inventory/prod/hosts/h1.yaml:12`); without it, the subject is named.
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
  if (rule) lines.push(whyAndFix(rule).replace(/^/gm, "  "));
  return lines.join("\n");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
