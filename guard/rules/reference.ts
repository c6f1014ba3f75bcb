import { guardRules } from "./guard-rules.ts";

/** The reference of the guard's rules as Markdown: text of `docs/guard.md`. */
export function guardReference(): string {
  const rules = guardRules.map(({ name, description, reason, remediation }) => {
    return `### ${name}\n\n${description}\n\n- Why: ${reason}\n- Mend: ${remediation}`;
  });
  return `<!-- Written by \`npm run generate\` from the rules in guard/rules/. Do not edit. -->

# The guard's rules

Policies see one side of a change: what will be declared. These rules see two, so they find what is deleted, replaced or moved, and
how much is touched at once. The verdict is the worst finding:

- **safe**: nothing found, or each finding has its approval.
- **needs approval**: somebody has to answer for it. The message names an action and a resource; an entry of \`approvals.yaml\` with
  both, a person, a reason and a last day (at most 30 days ahead) lets it pass. Keys: [inventory.md](inventory.md#approvals).
- **blocked**: no approval helps; the change itself has to be another.

How much one update may touch stands in \`limits.yaml\` ([inventory.md](inventory.md#limits)).

${rules.join("\n\n")}
`;
}
