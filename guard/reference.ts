import { type GuardRule, guardThemes } from "./rule.ts";
import { guardRules } from "./rules.generated.ts";

/** The reference of the guard's rules as Markdown: text of `docs/reference/guard-rules.md`. */
export function guardReference(): string {
  const sections = guardThemes.map((theme) => {
    const own = guardRules.filter((rule) => rule.theme === theme).map(describeRule);
    return `## ${theme[0]!.toUpperCase()}${theme.slice(1)}\n\n${own.join("\n\n")}`;
  });
  return `<!-- Written by \`npm run generate\` from the rules in guard/rules/. Do not edit. -->

# The guard's rules

The [rules](rules.md) judge one state: the fleet after the change. The guard compares two states, before and after. So it also sees what is
deleted, replaced or moved, and how much is touched at once. Each finding has one of two levels. The worst finding decides the verdict:

- **safe**: there is no finding, or every finding has its approval.
- **needs approval**: a person must approve the change. The message names an action and a resource. Add an entry to \`approvals.yaml\` with
  both, a person, a reason and a last day (at most 30 days ahead). Keys: [approvals](inventory.md#approvals).
  Many of one action and kind are one entry, with their number.
- **blocked**: no approval is accepted. Change the change itself.

\`limits.yaml\` says how much one update may touch. Keys: [limits](inventory.md#limits). How to deploy under guard:
[Deploy under guard](../how-to/operate/deploy-under-guard.md). How to add a rule: [A guard rule](../how-to/develop/add-a-rule.md#a-guard-rule).

\`guard deploy\` alone has one more rule, \`backups-proven\`: it refuses to touch a host with an account whose backups have no recent proof, until a drill
has succeeded or an approval says \`waive\`: [proofs](../how-to/operate/backups.md#proofs-that-backups-can-be-restored).

${sections.join("\n\n")}
`;
}

function describeRule({ name, description, reason, fix }: GuardRule): string {
  return `### ${name}\n\n${description}\n\n- Why: ${reason}\n- Fix: ${fix}`;
}
