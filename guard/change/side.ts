import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { type Extract, type Rendered, renderBundle } from "../../delivery/render-bundle.ts";
import { type Judgement, judgeDeclaration } from "../../policies/check-declaration.ts";
import { rules } from "../../policies/rules.generated.ts";
import type { DeliveryFacts } from "../engine/engine-step.ts";

/** One side of a change: a declaration, and how the program of that side renders and judges one. */
export interface Side {
  readonly declaration: Declaration;
  /** All cells, if {@link declaration} is one of them: an account's standby may be in another. Default: the declaration. */
  readonly whole?: Declaration;
  /** The bundle of one host, as this side's program renders it; it may contain more than the extract. What was rendered is for sides of one program. */
  readonly render: (declaration: Declaration, host: string, only?: Extract, rendered?: Rendered) => Bundle;
  /** Judgement of a declaration by this side's rules. */
  readonly judge: (declaration: Declaration, today: string) => Judgement;
  /** Names of this side's rules. */
  readonly rules: readonly string[];
  /** The delivery of each host and router in the state, if a stack is reviewed. */
  readonly deliveries?: ReadonlyMap<string, DeliveryFacts>;
  /** What a router gets, where it is known without rendering this declaration, which need not have the hosts that routers are told of. */
  readonly routerBundle?: (router: string) => Bundle | undefined;
  /** SHA-256 of this side's applier, if known. */
  readonly applier?: string;
}

/**
 * A declaration as this program itself sees it.
 * @public
 */
export function sideOf(declaration: Declaration): Side {
  return { declaration, render: renderBundle, judge: judgeDeclaration, rules: rules.map(({ name }) => name) };
}
