import type { Declaration } from "./kinds.generated.ts";
import type { Subject } from "./subject.ts";

export interface Violation {
  readonly rule: string;
  readonly subject: Subject;
  /** One sentence what is wrong, with the values. Why it matters and how to mend it are the rule's `reason` and `remediation`. */
  readonly message: string;
}

/** What rules protect, in the order violations are shown. */
export const themes = ["redundancy", "isolation", "data"] as const;

/**
 * A rule: a pure function over the declaration. The same object is run by the program before anything is declared, by the
 * policy pack over what is registered, and by the guard over a preview.
 */
export interface Rule {
  /** For example `mounts-on-mirrors`: the policy's name in the pack and the name of its file. */
  readonly name: string;
  /** What it protects: the heading it is described under. */
  readonly theme: (typeof themes)[number];
  readonly severity: "low" | "medium" | "high" | "critical";
  /** A full sentence: what must hold. */
  readonly description: string;
  /** Why: what happens to accounts otherwise. */
  readonly reason: string;
  /** What to do about a violation. */
  readonly remediation: string;
  /**
   * `resource`: decided by each element alone, so the pack can judge one resource at a time.
   * `stack`: needs several elements.
   */
  readonly scope: "resource" | "stack";
  /** Whether a waiver may let violations pass for a while. Never set where accounts would share or lose what is theirs. */
  readonly waivable?: true;
  /** @param today the day to judge at, ISO 8601; no rule looks at a clock */
  check(declaration: Declaration, today: string): Violation[];
}

/** A rule without its check: what is said of it. */
export type RuleText = Omit<Rule, "check" | "theme">;

/** Where a rule is described: a heading of the generated page, seen from the project's directory. */
export function pageOf({ name }: Pick<Rule, "name">): string {
  return `docs/reference/rules.md#${name}`;
}

/** A violation as a rule's `find` yields it, before the rule's name is put on. */
export type Finding = Omit<Violation, "rule">;

/** Makes a rule of a generator of findings. `find` must be linear in the declaration's size. */
export function defineRule({
  find,
  ...rule
}: Omit<Rule, "check"> & { readonly find: (declaration: Declaration, today: string) => Iterable<Finding> }): Rule {
  return {
    ...rule,
    check: (declaration, today) => Array.from(find(declaration, today), (finding) => ({ rule: rule.name, ...finding })),
  };
}

/** Every element whose key an earlier element has too, with that earlier element. Elements without a key are passed over. */
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
