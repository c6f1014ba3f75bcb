import type { Change } from "../components/registry/change.ts";
import type { FieldClass } from "../components/registry/fields/field-class.ts";
import type { Key } from "../components/registry/kind.ts";
import type { Subject } from "../components/registry/subject.ts";
import type { ApprovableAction } from "../components/review/approvals.file.ts";
import type { Limits } from "../components/review/limits.file.ts";
import type { Judgement } from "../policies/check-declaration.ts";
import type { HostChange } from "./change/effects/host-change.ts";
import type { Side } from "./change/side.ts";
import type { Wave } from "./change/waves.ts";
import type { EngineStep } from "./engine/engine-step.ts";

/** Everything that a guard rule may look at: both sides, and what was computed from them once for all rules. */
export interface Context {
  readonly before: Side;
  readonly after: Side;
  /** All changes, by kind. */
  readonly changes: { readonly [K in Key]: readonly Change<K>[] };
  readonly hosts: readonly HostChange[];
  /** Of routers that deploys deliver to. */
  readonly routers: readonly HostChange[];
  /** What Pulumi itself would do; empty when two inventories are compared. */
  readonly engine: readonly EngineStep[];
  readonly waves: readonly Wave[];
  /** What the rules of each side say about its own declaration. */
  readonly judged: { readonly before: Judgement; readonly after: Judgement };
  readonly limits: Limits;
  /** ISO 8601. */
  readonly today: string;
}

/** What a guard rule says about a change. */
export interface Finding {
  readonly subject: Subject;
  /** What it is told of as well, where the same sentence of each would only hide what is wrong. */
  readonly alsoOf?: readonly Subject[];
  /** One sentence: what this change does that is forbidden, or that needs approval. */
  readonly message: string;
  /** What an approval has to name. A finding without it cannot be approved: the change itself has to be changed. */
  readonly approval?: { readonly action: ApprovableAction; readonly resource: string };
}

/** Themes of guard rules, in the order in which findings of one level are shown. */
export const guardThemes = ["rules", "redundancy", "data", "isolation", "waivers", "size"] as const;

/** A rule about a change. Policies cannot see changes: they judge one side alone. */
export interface GuardRule {
  /** Its name, also that of its file: `moves-planned`. */
  readonly name: string;
  /** Theme, which is the heading in the reference. */
  readonly theme: (typeof guardThemes)[number];
  /** A full sentence: what must hold. */
  readonly description: string;
  /** What happens otherwise. */
  readonly reason: string;
  /** How to fix a finding. */
  readonly fix: string;
  /** Classes of fields of which it lists what is weaker, where no rule judges the field in words of its own. */
  readonly lists?: readonly FieldClass[];
  find(context: Context): Iterable<Finding>;
}
