import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { sealBundle } from "../../../delivery/protocol/digest.ts";
import { guardRules } from "../../rules.generated.ts";
import { review } from "../../verdict/review.ts";
import { levels, type Weighed } from "../../verdict/weigh.ts";
import { type Side, sideOf } from "../side.ts";
import { leaning } from "./leaning.ts";
import { keyOf } from "./leant-waivers.ts";
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

/** Findings of both steps together that neither has alone. @param earlier the fleet before the first one @param second findings of the second */
export function joint(earlier: Declaration, second: readonly Weighed[], step: Step): Found[] {
  const { wholes } = step;
  const alone = worst([...between(earlier, wholes.before, step), ...second]);
  const found = between(earlier, wholes.after, step)
    .filter((finding) => !splittable.has(finding.rule) && rank(finding) > (alone.get(keyOf(finding)) ?? 0))
    .map(({ level: _, ...finding }) => {
      const wanted = second.find((each) => keyOf(each) === keyOf(finding))?.approval ?? finding.approval;
      return { ...finding, ...(wanted && { approval: wanted }) };
    });
  return [...found, ...leaning(earlier, step)];
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
