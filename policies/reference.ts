import { type RuleText, themes } from "../components/rule.ts";
import { engineRules, readableInputs, readableOutputs } from "./pack/engine-rules.ts";
import { rules } from "./rules.generated.ts";
import { waiverRules } from "./waivers.ts";

/** The reference of all rules as Markdown: text of `docs/policies.md`. */
export function policyReference(): string {
  const sections = themes.map((theme) => {
    const own = rules.filter((rule) => rule.theme === theme);
    return `## ${theme[0]!.toUpperCase()}${theme.slice(1)}\n\n${own.map(describeRule).join("\n\n")}`;
  });
  return `<!-- Written by \`npm run generate\` from the rules in components/ and policies/. Do not edit. -->

# Policies

All rules are mandatory: one violation and nothing is deployed. The program runs them over the whole declaration before it
declares anything; the policy pack (\`pulumi preview --policy-pack policies\`) runs them again over what is really registered,
those of scope *resource* one resource at a time, those of scope *stack* over all registered outputs.

${sections.join("\n\n")}

## Waivers

A violation of a rule that can be waived may pass for a while: an entry of \`waivers.yaml\` names the rule, the resource, who answers
for it, why, and the last day. Every preview shows it with the days left. Days are counted from \`fairhost:today\` of the stack's
configuration, or without it from the clock's day (UTC).

${waiverRules.map(describeRule).join("\n\n")}

## Only in the policy pack

These are about what only the engine sees.

${[...engineRules, readableInputs, readableOutputs].map(describeRule).join("\n\n")}
`;
}

function describeRule({ name, severity, scope, description, reason, remediation, waivable }: RuleText): string {
  return `### ${name}\n\n${description}\n\n- Severity ${severity}, scope ${scope}; ${waivable ? "can" : "cannot"} be waived.\n- Why: ${reason}\n- Mend: ${remediation}`;
}
