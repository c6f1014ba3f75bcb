import type { Declaration } from "./registry/kinds.generated.ts";
import type { Subject } from "./registry/subject.ts";

export interface Violation {
  readonly rule: string;
  readonly subject: Subject;
  /** One sentence about what is wrong, with the values. The rule's `reason` and `fix` say why it matters and how to fix it. */
  readonly message: string;
}

/** Themes of rules, in the order in which violations are shown. */
export const themes = ["redundancy", "isolation", "data"] as const;

/**
 * A rule: a pure function over the declaration. The program runs it before it declares anything, the policy pack runs it over the
 * registered resources, and the guard runs it over a preview.
 */
export interface Rule {
  /** Name of the rule, of its policy in the pack and of its file, for example `mounts-on-mirrors`. */
  readonly name: string;
  /** Theme, which is the heading in the reference. */
  readonly theme: (typeof themes)[number];
  readonly severity: "low" | "medium" | "high" | "critical";
  /** A full sentence: what must hold. */
  readonly description: string;
  /** Why the rule exists: what happens to accounts otherwise. */
  readonly reason: string;
  /** How to fix a violation. */
  readonly fix: string;
  /**
   * `resource`: needs only one element, so the pack can judge one resource at a time.
   * `stack`: needs several elements.
   */
  readonly scope: "resource" | "stack";
  /** Whether a waiver may let violations pass for a limited time. Never set it if accounts would share or lose data or identity. */
  readonly waivable?: true;
  /**
   * Why no inventory that loads can break it. Such a rule judges what else may reach a stack: a declaration by another program, a resource that was
   * registered by hand. Every other rule is broken by a seed (`seeded.cases.ts`), so a test refuses a rule that has neither.
   */
  readonly unreachable?: "the loader refuses it" | "the program derives the value";
  /** @param today the day to judge at, ISO 8601; no rule looks at a clock */
  check(declaration: Declaration, today: string): Violation[];
}

/** The texts of a rule, without its check. */
export type RuleText = Omit<Rule, "check" | "theme">;

/** Path of a rule's description in the generated reference, relative to the project's directory. */
export function pageOf({ name }: Pick<Rule, "name">): string {
  return `docs/reference/rules.md#${name}`;
}

/** A violation as a rule's `find` yields it, without the rule's name. */
export type Found = Omit<Violation, "rule">;

/** Makes a rule of a generator of what is wrong. `find` must be linear in the declaration's size. */
export function defineRule({
  find,
  ...rule
}: Omit<Rule, "check"> & { readonly find: (declaration: Declaration, today: string) => Iterable<Found> }): Rule {
  return {
    ...rule,
    check: (declaration, today) => Array.from(find(declaration, today), (found) => ({ rule: rule.name, ...found })),
  };
}

/** Every element whose key an earlier element has too, with that earlier element. Skips elements without a key. */
export function* repeats<T>(
  elements: Iterable<T>,
  key: (element: T) => string | number | undefined,
): Generator<{ element: T; first: T; key: string | number }> {
  const seen = new Map<string | number, T>();
  for (const element of elements) {
    const value = key(element);
    if (value === undefined) continue;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, element);
    else yield { element, first, key: value };
  }
}
