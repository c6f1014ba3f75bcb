import type { Change, Effect } from "../../components/registry/change.ts";
import type { Approval } from "../../components/review/approvals.file.ts";
import type { Limits } from "../../components/review/limits.file.ts";
import type { Judgement } from "../../policies/check-declaration.ts";
import { changesBetween, keys, renumberedNetwork } from "../change/diff.ts";
import { effectsOf } from "../change/effects/effects.ts";
import { type HostChange, hostChanges } from "../change/effects/host-change.ts";
import { routerChanges } from "../change/effects/router-change.ts";
import { type ShareChange, shareChanges } from "../change/effects/shares.ts";
import { touchedRouters, withRouters } from "../change/router-turns.ts";
import type { Side } from "../change/side.ts";
import { splitIntoWaves, type Wave } from "../change/waves.ts";
import type { EngineStep } from "../engine/engine-step.ts";
import type { Context, Finding } from "../rule.ts";
import { guardRules } from "../rules.generated.ts";
import { type Level, levels, type Weighed, weigh } from "./weigh.ts";

/** What the guard knows about a change: the one result from which every output is made. */
export interface Review {
  readonly level: Level;
  /** Worst first, then in the order of the rules. */
  readonly findings: readonly Weighed[];
  readonly changes: readonly Change[];
  /** Effects in words, worst first. */
  readonly effects: readonly Effect[];
  readonly hosts: readonly HostChange[];
  /** What changes on routers that deploys deliver to, in the order of their turns. */
  readonly routers: readonly HostChange[];
  /** The hosts' part of the updates in which it is deployed; usually one, none when no host is touched. */
  readonly waves: readonly Wave[];
  /** All updates in which it is deployed: {@link waves}, and those of routers before and after them. */
  readonly stages: readonly Wave[];
  readonly shares: readonly ShareChange[];
  /** What the policies say about the new side. */
  readonly policies: Judgement;
  readonly engine: readonly EngineStep[];
  /** Approvals that no finding needs. */
  readonly unusedApprovals: readonly Approval[];
}

export interface ReviewInput {
  readonly before: Side;
  readonly after: Side;
  readonly engine?: readonly EngineStep[];
  /** Findings made while the sides were put together, each under the name of a rule. */
  readonly also?: readonly (Finding & { readonly rule: string })[];
  readonly approvals: readonly Approval[];
  /** Approvals that do not count, each with the reason. */
  readonly refused?: ReadonlyMap<Approval, string>;
  readonly limits: Limits;
  /** ISO 8601. */
  readonly today: string;
}

/** What a review knows before approvals: {@link conclude} can be asked again with others. */
export interface Examined extends Omit<Review, "level" | "findings" | "unusedApprovals"> {
  /** Of all rules, in their order. */
  readonly found: NonNullable<ReviewInput["also"]>;
}

/** Reviews a change: what it does, to whom, and whether it is allowed. Pure; linear in the changes and in the fleet's size. */
export function review(input: ReviewInput): Review {
  return conclude(examine(input), input);
}

/** Finds what a change does, and what the rules say about it. */
export function examine({
  before,
  after,
  engine = [],
  limits,
  today,
}: Pick<ReviewInput, "before" | "after" | "engine" | "limits" | "today">): Examined {
  const changes = changesBetween(before.declaration, after.declaration);
  const renumbered = renumberedNetwork(before.declaration, after.declaration);
  const some = Map.groupBy([...changes, ...renumbered], ({ kind }) => kind);
  const byKind = Object.fromEntries(keys.map((kind) => [kind, some.get(kind) ?? []])) as unknown as Context["changes"];
  const hosts = hostChanges(before, after, changes, engine);
  const waves = splitIntoWaves(hosts, byKind.accounts, after.declaration, limits);
  const routers = routerChanges(before, after, changes, engine);
  const stages = withRouters(waves, touchedRouters(after.declaration, routers));
  const judged = {
    // Only few rules need it.
    get before() {
      return before.judge(before.declaration, today);
    },
    after: after.judge(after.declaration, today),
  };
  const context: Context = { before, after, changes: byKind, hosts, routers, engine, waves, judged, limits, today };
  return {
    found: guardRules.flatMap((rule) => Array.from(rule.find(context), (each) => ({ ...each, rule: rule.name }))),
    changes,
    effects: effectsOf(context),
    hosts,
    routers,
    waves,
    stages,
    shares: shareChanges(before.declaration, after.declaration),
    policies: judged.after,
    engine,
  };
}

/** Weighs what was found, and what else was, by the approvals. */
export function conclude(
  { found, ...rest }: Examined,
  { also = [], approvals, today, refused }: Pick<ReviewInput, "also" | "approvals" | "today" | "refused">,
): Review {
  const { weighed: findings, unused } = weigh([...found, ...also], approvals, today, refused);
  findings.sort((left, right) => levels.indexOf(right.level) - levels.indexOf(left.level));
  return { level: findings[0]?.level ?? "safe", findings, ...rest, unusedApprovals: unused };
}
