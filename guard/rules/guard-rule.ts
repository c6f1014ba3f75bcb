import type { Change } from "../../components/change.ts";
import type { Key } from "../../components/kind.ts";
import type { ApprovableAction } from "../../components/review/approvals.file.ts";
import type { Limits } from "../../components/review/limits.file.ts";
import type { Subject } from "../../components/subject.ts";
import type { Judgement } from "../../policies/check-declaration.ts";
import type { HostChange } from "../change/host-change.ts";
import type { Side } from "../change/side.ts";
import type { Wave } from "../change/waves.ts";
import type { EngineStep } from "../engine/engine-step.ts";

/** Everything a rule of the guard may look at: two sides, and what was worked out of them once for all rules. */
export interface Context {
  readonly before: Side;
  readonly after: Side;
  /** All changes, by kind. */
  readonly changes: { readonly [K in Key]: readonly Change<K>[] };
  readonly hosts: readonly HostChange[];
  /** What the engine itself would do; empty when two inventories are compared. */
  readonly engine: readonly EngineStep[];
  readonly waves: readonly Wave[];
  /** What the rules of each side say of its own declaration. */
  readonly judged: { readonly before: Judgement; readonly after: Judgement };
  readonly limits: Limits;
  /** ISO 8601. */
  readonly today: string;
}

/** What a rule of the guard found. */
export interface Finding {
  readonly subject: Subject;
  /** What it is told of as well, where the same sentence of each would only hide what is wrong. */
  readonly alsoOf?: readonly Subject[];
  /** One sentence: what this change does that it must not, or not without approval. */
  readonly message: string;
  /** What an approval has to name. Without one nobody can approve it: the change itself must be another. */
  readonly approval?: { readonly action: ApprovableAction; readonly resource: string };
}

/** A rule about a diff: what policies cannot see, since they see one side alone. */
export interface GuardRule {
  readonly name: string;
  /** A full sentence: what must hold. */
  readonly description: string;
  readonly reason: string;
  readonly remediation: string;
  find(context: Context): Iterable<Finding>;
}
