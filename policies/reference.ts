import { type RuleText, themes } from "../components/rule.ts";
import { engineRules, readableInputs, readableOutputs } from "./pack/engine-rules.ts";
import { rules } from "./rules.generated.ts";
import { waiverRules } from "./waivers.ts";

/** The reference of all rules as Markdown: text of `docs/reference/rules.md`. */
export function policyReference(): string {
  const sections = themes.map((theme) => {
    const own = rules.filter((rule) => rule.theme === theme);
    return `## ${theme[0]!.toUpperCase()}${theme.slice(1)}\n\n${own.map(describeRule).join("\n\n")}`;
  });
  return `<!-- Written by \`npm run generate\` from the rules in components/ and policies/. Do not edit. -->

# Rules

A rule says what must hold in a fleet. Every rule is mandatory: one violation stops the deploy before anything is touched. Rules run twice.
The program runs them over the whole declaration before it declares a resource, so no flag of Pulumi skips them. The policy pack
(\`pulumi preview --policy-pack policies\`) runs them again over the resources that are really registered: rules of scope *resource*
judge one resource at a time, rules of scope *stack* judge all registered outputs together.

How to read a refusal: [Read a refusal](../how-to/operate/refusals.md). How to add a rule: [Add a rule](../how-to/develop/add-a-rule.md).
What a change may do, beyond these rules: [the guard's rules](guard-rules.md).

${sections.join("\n\n")}

## Waivers

A waiver is a time-limited exception to a rule. It is an entry in \`waivers.yaml\` with the rule, the resource, the person who is
responsible, the reason and the last day it is valid ([keys](inventory.md#waivers)). Only rules marked "can be waived" accept one. Every preview shows each
waiver with the days left. The days are counted from \`fairhost:today\` in the stack's configuration, or from today (UTC) if that is not set.

${waiverRules.map(describeRule).join("\n\n")}

## Only in the policy pack

These rules check facts that only Pulumi's engine has.

${[...engineRules, readableInputs, readableOutputs].map(describeRule).join("\n\n")}
`;
}

function describeRule({ name, severity, scope, description, reason, fix, waivable, unreachable }: RuleText): string {
  return `### ${name}\n\n${description}\n\n- Severity ${severity}, scope ${scope}; ${waivable ? "can" : "cannot"} be waived.\n- Why: ${reason}\n- Fix: ${fix}${unreachable === undefined ? "" : `\n- No inventory that loads can break it: ${unreachable}.`}`;
}
