import type { Declaration } from "../components/declaration.ts";
import type { Rule, Subject, Violation } from "./rule.ts";
import { rules } from "./rules.ts";

/**
 * Judges a declaration by every rule. Linear in its size; never throws over what a declaration says.
 * @returns all violations, in the order of `rules`, then by subject; empty when the declaration may go ahead.
 */
export function checkDeclaration(declaration: Declaration, judgedBy: readonly Rule[] = rules): Violation[] {
  return judgedBy.flatMap((rule) =>
    rule.check(declaration).sort((left, right) => compareSubjects(left.subject, right.subject)),
  );
}

const { compare } = new Intl.Collator("en", { numeric: true });

/** An order of subjects: by kind, name and path; numbers inside count as numbers, so account 9 comes before account 10. */
export function compareSubjects(left: Subject, right: Subject): number {
  return compare(left.kind, right.kind) || compare(left.name, right.name) || compare(left.path ?? "", right.path ?? "");
}
