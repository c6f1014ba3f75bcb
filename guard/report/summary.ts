import { stringify } from "yaml";
import type { Subject } from "../../components/registry/subject.ts";
import { nameOf } from "../../components/registry/subject.ts";
import type { Rule, RuleText } from "../../components/rule.ts";
import { count } from "../../lib/text/text.ts";
import type { Amounts } from "../../policies/fair-shares.ts";
import { type Counterexample, proveSingles } from "../../policies/graph/proof.ts";
import { rules } from "../../policies/rules.generated.ts";
import { waiverRules } from "../../policies/waivers.ts";
import { guardRules } from "../rules.generated.ts";
import type { Outcome, Reviewed } from "../verdict/outcome.ts";
import type { Review } from "../verdict/review.ts";
import { entriesFor, type Level, type WantedApproval, type Weighed } from "../verdict/weigh.ts";

/** The verdict, and what to do. */
export interface Verdict {
  readonly level: Level;
  /** `Blocked: 2 findings`. */
  readonly sentence: string;
  readonly todo: string;
}

export function levelOf(outcome: Outcome): Level {
  return outcome.kind === "unsound" ? "blocked" : outcome.review.level;
}

export function verdictOf(outcome: Outcome): Verdict {
  if (outcome.kind === "unsound") {
    const sentence = `Blocked: the inventory has ${count(outcome.problems.length, "problem")}`;
    return {
      level: "blocked",
      sentence,
      todo: "Fix the files named below. Until then the effect of the change is unknown.",
    };
  }
  const { review } = outcome;
  const blocked = review.findings.filter(({ level }) => level === "blocked").length;
  const open = missingApprovals(review).length;
  switch (review.level) {
    case "blocked": {
      const more = open > 0 ? `, and ${count(open, "approval")} missing` : "";
      return {
        level: "blocked",
        sentence: `Blocked: ${count(blocked, "finding")}${more}`,
        todo: "Fix the findings below; they cannot be approved.",
      };
    }
    case "needs approval":
      return {
        level: "needs approval",
        sentence: `Needs approval: ${count(open, "approval")} missing`,
        todo: "If all of this is intended, somebody other than the author must fill in the approvals below; otherwise fix the findings.",
      };
    case "safe": {
      const used = approvalsUsed(review).length;
      if (review.changes.length === 0 && review.stages.length === 0)
        return { level: "safe", sentence: "Safe: nothing changes", todo: "There is nothing to deploy." };
      return {
        level: "safe",
        sentence: used > 0 ? `Safe: ${count(used, "approval")} used` : "Safe: no findings",
        todo: "It can be deployed.",
      };
    }
    default:
      return review.level satisfies never;
  }
}

/** Hosts and accounts that a change touches. */
export interface Affected {
  readonly hosts: number;
  readonly accounts: number;
  /** Accounts that are down for a while. */
  readonly stopped: number;
  /** Longest time that one of them is down, in seconds. */
  readonly seconds: number;
  /** Accounts that lose data or an identity. */
  readonly losing: number;
}

export function affectedBy({ effects, hosts }: Review): Affected {
  const all = new Set<number>();
  const losing = new Set<number>();
  const seconds = new Map<number, number>();
  for (const effect of effects) {
    for (const account of effect.accounts) {
      all.add(account);
      if (effect.destroys) losing.add(account);
      // Several stops of one account happen at the same time: the longest counts.
      if (effect.seconds > 0) seconds.set(account, Math.max(effect.seconds, seconds.get(account) ?? 0));
    }
  }
  let most = 0;
  for (const each of seconds.values()) most = Math.max(most, each);
  return { hosts: hosts.length, accounts: all.size, stopped: seconds.size, seconds: most, losing: losing.size };
}

/** Hosts and accounts that a change touches, in one sentence. */
export function affectedSentence({ hosts, accounts, stopped, seconds, losing }: Affected): string {
  if (hosts + accounts === 0) return "Touches no host and no account.";
  const stops =
    stopped === 0
      ? "none is down at any time"
      : `${stopped} ${stopped === 1 ? "is" : "are"} down for at most about ${seconds} s`;
  const loses = losing === 0 ? "" : `; ${losing} lose${losing === 1 ? "s" : ""} data or identity`;
  return `Touches ${count(hosts, "host")} and ${count(accounts, "account")}: ${stops}${loses}.`;
}

/** `inventory/prod against main, cell main, as of 2026-11-24`. */
export function scopeSentence({ inventory, base, cell, today }: Outcome): string {
  return `${inventory} against ${base}${cell === undefined ? "" : `, cell ${cell}`}, as of ${today}`;
}

/** Entries of approvals.yaml that findings still need, each once; many of one action and kind are one entry. */
export function missingApprovals({ findings }: Pick<Review, "findings">): WantedApproval[] {
  const wanted = findings.flatMap(({ level, approval }) => (level === "needs approval" && approval ? [approval] : []));
  return entriesFor(wanted);
}

/** Findings that are approved. */
export function approvalsUsed({ findings }: Review): (Weighed & { approved: NonNullable<Weighed["approved"]> })[] {
  return findings.flatMap((finding) => (finding.approved ? [{ ...finding, approved: finding.approved }] : []));
}

/** An entry for approvals.yaml. It is refused until somebody has filled in `approvedBy` and `reason`. */
export function approvalYaml({ action, resource }: WantedApproval, today: string): string {
  const expires = new Date(Date.parse(today) + 14 * 86_400_000).toISOString().slice(0, 10);
  return stringify([{ action, resource, approvedBy: "", reason: "", expires }]);
}

type Texts = Pick<RuleText, "name" | "description" | "reason" | "fix">;
const texts = new Map<string, Texts>(
  [...rules, ...waiverRules, ...guardRules].map((rule: Texts | Rule) => [rule.name, rule]),
);

/** Texts of a rule; `undefined` for a rule that only the other side has. */
export function textOf(rule: string): Texts | undefined {
  return texts.get(rule);
}

/** File and line of a subject, or its name if it is in no file. */
export function placeOf({ where }: Pick<Reviewed, "where">, subject: Subject): string {
  return where(subject) ?? nameOf(subject);
}

/** Days until something ends, in words. */
export function daysWords(left: number): string {
  return left === 0 ? "its last day" : `${count(left, "day")} left`;
}

/** Findings of guard rules. Violations of policies are shown separately, by rule. */
export function ownFindings({ findings }: Review): Weighed[] {
  return findings.filter(({ rule }) => rule !== "policies-hold");
}

/** Fair shares are shown if they change by more than this many per cent. */
const shareThreshold = 1;

export function notableShares({ shares }: Review): Review["shares"] {
  return shares.filter(({ before, after }) => {
    if (!before || !after) return true;
    const notable = (was: Amounts, is: Amounts) =>
      kinds.some(({ key }) => Math.abs(is[key] - was[key]) * 100 > shareThreshold * was[key]);
    return notable(before.guaranteed, after.guaranteed) || notable(before.burst, after.burst);
  });
}

const kinds = [
  { key: "cores", unit: "cores" },
  { key: "ioPercent", unit: "% of IO" },
  { key: "memoryMb", unit: "MiB" },
  { key: "diskGb", unit: "GB of disk" },
] as const satisfies readonly { readonly key: keyof Amounts; readonly unit: string }[];

/** `0.53 of 32 cores, 12.5 of 100 % of IO, 256 of 512 MiB, 10 of 10 GB of disk each`: guaranteed, and burst. */
export function shareWords(share: Review["shares"][number]["before"]): string {
  if (!share) return "none";
  const words = kinds.map(({ key, unit }) => `${short(share.guaranteed[key])} of ${short(share.burst[key])} ${unit}`);
  return `${words.join(", ")} each, ${count(share.accounts, "account")}`;
}

function short(amount: number): string {
  return `${amount < 1000 ? Number(amount.toPrecision(3)) : Math.round(amount)}`;
}

/** Whose share it is. */
export function shareOwner({ plan, account }: Review["shares"][number]): string {
  return account === undefined ? plan : `${plan}, account ${account}`;
}

/** The rule that runs the N-1 proof. */
export const proofRule = "survives-any-single-loss";

/** Elements whose loss takes accounts down that were promised to survive it, worst first. Computed only if the rule is violated. */
export function counterexamples({ review: { policies }, fleet }: Reviewed): readonly Counterexample[] {
  const found = [...policies.violations, ...policies.waived.map(({ violation }) => violation)];
  if (!found.some(({ rule }) => rule === proofRule)) return [];
  return proveSingles(fleet).counterexamples.toSorted((a, b) => b.accounts - a.accounts);
}
