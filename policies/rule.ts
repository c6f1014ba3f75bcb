import type { Declaration } from "../components/declaration.ts";

/** What a violation is about; the program adds file and line from it. */
export interface Subject {
  readonly kind: "host" | "plan" | "account" | "address" | "httpServer" | "frontEnd";
  /** Name of the host or plan; number of the account; `<account>/<server>` of an HTTP server. */
  readonly name: string;
  /** Property path inside it, for example `powerSupplies.1.chain`. */
  readonly path?: string;
}

export interface Violation {
  readonly rule: string;
  readonly subject: Subject;
  /** One sentence what is wrong, with the values; one sentence how to mend it. */
  readonly message: string;
}

/**
 * A rule: a pure function over the declaration. The same object is run by the program before anything is declared, by the
 * policy pack over what is registered, and by the guard over a preview.
 */
export interface Rule {
  /** For example `two-disks-in-a-mirror`: the policy's name in the pack. */
  readonly name: string;
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
  check(declaration: Declaration): Violation[];
}
