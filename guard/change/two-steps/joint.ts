import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { sealBundle } from "../../../delivery/protocol/digest.ts";
import { guardRules } from "../../rules.generated.ts";
import { review } from "../../verdict/review.ts";
import { levels, type Weighed } from "../../verdict/weigh.ts";
import { type Side, sideOf } from "../side.ts";
import { type Beside, besideOf } from "./beside.ts";
import { leaning } from "./leaning.ts";
import { keyOf, wantedOf } from "./leant-waivers.ts";
import type { Found, Step } from "./step.ts";

/**
 * Rules that say themselves to split a change: what only both steps together break is no attack then. Size is asked for apart, with
 * the limits of before the first step.
 */
const splittable = new Set([
  "pairs-apart",
  ...guardRules.filter(({ theme }) => theme === "size").map(({ name }) => name),
]);

/** Findings about the way from one fleet to another, without what hosts get and without rules about one state. */
export function between(before: Declaration, after: Declaration, { limits, today }: Pick<Step, "limits" | "today">) {
  const [old, next] = [before, after].map((declaration): Side => ({ ...sideOf(declaration), render, judge: unjudged }));
  return review({ before: old!, after: next!, approvals: [], limits, today }).findings;
}

/** What both steps have together. */
export interface Joint {
  /** Findings that neither has alone. */
  readonly found: readonly Found[];
  /** Those of the second alone with which the first has to do. */
  readonly beside: readonly Beside[];
}

/** @param earlier the fleet before the first step @param second findings of the second */
export function joint(earlier: Declaration, second: readonly Weighed[], step: Step): Joint {
  const { wholes } = step;
  const each = [...between(earlier, wholes.before, step), ...second];
  const alone = worst(each);
  const wanted = new Set(each.map(wantedOf));
  const both = between(earlier, wholes.after, step).filter(({ rule }) => !splittable.has(rule));
  const found = both
    .filter(
      (finding) =>
        rank(finding) > (alone.get(keyOf(finding)) ?? 0) ||
        (finding.approval !== undefined && !wanted.has(wantedOf(finding))),
    )
    .map(({ level: _, ...finding }) => {
      const approval = finding.approval ?? second.find((one) => keyOf(one) === keyOf(finding))?.approval;
      return { ...finding, ...(approval && { approval }) };
    });
  return { found: [...found, ...leaning(earlier, step)], beside: besideOf(earlier, second, both, step) };
}

/** The worst level of each finding, as {@link rank} counts it, by its key. */
export function worst(findings: readonly Weighed[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const finding of findings) ranks.set(keyOf(finding), Math.max(rank(finding), ranks.get(keyOf(finding)) ?? 0));
  return ranks;
}

/** A level as a number; more is worse. */
export function rank({ level }: Pick<Weighed, "level">): number {
  return levels.indexOf(level);
}

/** What hosts would get says nothing here, and is not rendered. */
function render(_: Declaration, host: string): ReturnType<Side["render"]> {
  return sealBundle(host, {});
}

/** The rules about one state are asked of this change alone. */
function unjudged(): ReturnType<Side["judge"]> {
  return { violations: [], waived: [] };
}
