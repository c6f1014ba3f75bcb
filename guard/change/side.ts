import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { type Extract, renderBundle } from "../../delivery/render-bundle.ts";
import { type Judgement, judgeDeclaration } from "../../policies/check-declaration.ts";
import { rules } from "../../policies/rules.generated.ts";
import type { DeliveryFacts } from "../engine/engine-step.ts";

/** One side of a diff: a declaration, and what the program of that side makes of one. */
export interface Side {
  readonly declaration: Declaration;
  /** The bundle of one host, as this side's program renders it; more than the extract does no harm. */
  readonly render: (declaration: Declaration, host: string, only?: Extract) => Bundle;
  /** What this side's rules say of a declaration. */
  readonly judge: (declaration: Declaration, today: string) => Judgement;
  /** Names of this side's rules. */
  readonly rules: readonly string[];
  /** What the engine holds of each host's delivery, where a stack is asked. */
  readonly deliveries?: ReadonlyMap<string, DeliveryFacts>;
  /** SHA-256 of this side's applier, where it is known. */
  readonly applier?: string;
}

/**
 * A declaration as this very program sees it.
 * @public
 */
export function sideOf(declaration: Declaration): Side {
  return { declaration, render: renderBundle, judge: judgeDeclaration, rules: rules.map(({ name }) => name) };
}
