import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Subject } from "../components/registry/subject.ts";
import type { Rule, Violation } from "../components/rule.ts";
import { rules } from "./rules.generated.ts";
import { type Waived, waive, waiversInForce, waiversNeeded } from "./waivers.ts";

/** The result of judging a declaration. */
export interface Judgement {
  /** In the order of the rules, then by subject; empty if the declaration may be deployed. */
  readonly violations: readonly Violation[];
  /** Violations that a waiver in force allows. */
  readonly waived: readonly Waived[];
  /** Names of rules of another version of the program that cannot read the declaration; never of this one's. */
  readonly unable?: readonly string[];
}

/**
 * Judges a declaration by every rule, and its waivers. Linear in its size; never throws because of its content.
 * @param today the day to judge at, ISO 8601
 */
export function judgeDeclaration(
  declaration: Declaration,
  today: string,
  judgedBy: readonly Rule[] = rules,
): Judgement {
  const { violations, waived } = applyRules(declaration, today, judgedBy);
  return {
    violations: [
      ...violations,
      ...waiversInForce(declaration, today, rules),
      ...waiversNeeded(declaration, waived, today),
    ],
    waived,
  };
}

/** Judges by these rules only. Applies waivers in force, but does not check whether waivers are in force or needed. */
export function applyRules(declaration: Declaration, today: string, judgedBy: readonly Rule[]): Judgement {
  const found = judgedBy.flatMap((rule) =>
    rule.check(declaration, today).sort((left, right) => compareSubjects(left.subject, right.subject)),
  );
  return waive(found, declaration, today, judgedBy);
}

/** The violations of {@link judgeDeclaration}. */
export function checkDeclaration(
  declaration: Declaration,
  today: string,
  judgedBy?: readonly Rule[],
): readonly Violation[] {
  return judgeDeclaration(declaration, today, judgedBy).violations;
}

const collator = new Intl.Collator("en", { numeric: true });

/** Most subjects of a list are of one kind, which the collator would take as long to compare as two names. */
function compare(left: string, right: string): number {
  return left === right ? 0 : collator.compare(left, right);
}

/** An order of subjects: by kind, name and path; numbers inside count as numbers, so account 9 comes before account 10. */
export function compareSubjects(left: Subject, right: Subject): number {
  return compare(left.kind, right.kind) || compare(left.name, right.name) || compare(left.path ?? "", right.path ?? "");
}
