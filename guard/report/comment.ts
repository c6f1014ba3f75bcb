import { maskFile } from "../../lib/text/mask.ts";
import { count } from "../../lib/text/text.ts";
import { rules } from "../../policies/rules.generated.ts";
import { describeWaived } from "../../policies/waivers.ts";
import type { Outcome, Reviewed } from "../verdict/outcome.ts";
import { alike, withOthers } from "./alike.ts";
import { fileGroups, renderGroup } from "./file-diffs.ts";
import { code, fence, markerOf, text, within } from "./markdown.ts";
import * as summary from "./summary.ts";

/** Longest comment, in characters; GitHub takes 65,536. */
const longest = 59_000;

/** One piece of drift on a host. */
export interface Drift {
  readonly host: string;
  /** `host`, or `account-1204`. */
  readonly group: string;
  readonly message: string;
}

/** Additional content of a comment. */
export interface Extras {
  readonly drift?: readonly Drift[];
}

/**
 * An outcome as a Markdown comment: the verdict first, files last and collapsed. It is always shorter than 60,000 characters: each
 * section has a limit, items beyond it are counted, and files get the rest.
 */
export function formatComment(outcome: Outcome, extras: Extras = {}): string {
  const { sentence, todo } = summary.verdictOf(outcome);
  const parts = [
    markerOf(outcome),
    `### ${text(sentence)}`,
    text(todo),
    ...(outcome.kind === "reviewed" ? [text(summary.affectedSentence(summary.affectedBy(outcome.review)))] : []),
    `<sub>Compared: ${text(summary.scopeSentence(outcome))}.</sub>`,
    ...section("", 1500, outcome.notices, (notice) => `> ${text(notice)}`),
    ...(outcome.kind === "unsound" ? problems(outcome) : sections(outcome, extras)),
  ];
  if (outcome.kind === "reviewed") {
    const used = parts.reduce((sum, part) => sum + part.length + 2, 0);
    parts.push(...section("Files", longest - used, fileGroups(outcome), renderGroup));
  }
  return `${parts.join("\n\n")}\n`;
}

/** The comment of a run without an outcome, so that no outdated verdict stays. */
export function formatFailure(scope: Pick<Outcome, "inventory" | "cell">, reason: string): string {
  return `${markerOf(scope)}\n\n### Not reviewed\n\nThe effect of this change is unknown.\n\n${fence(maskFile(reason).slice(0, 4000), "text")}\n`;
}

function problems({ problems: all, inventory }: Extract<Outcome, { kind: "unsound" }>): string[] {
  return section("Problems", 40_000, all, ({ file, line, path, message, fix }) => {
    const place = `${code(`${inventory}/${file}:${line}`)}${path === "" ? "" : ` ${code(path)}`}`;
    return `- ${place}: ${text(message)}\n  Fix: ${text(fix)}`;
  });
}

function sections(outcome: Reviewed, { drift = [] }: Extras): string[] {
  const { review } = outcome;
  const list = (title: string, budget: number, lines: readonly string[]) =>
    section(title, budget, lines, (line) => `- ${text(line)}`);
  return [
    ...list(
      "What happens",
      8000,
      alike(review.effects, (effect) => effect).map((each) => withOthers(each.first.sentence, each)),
    ),
    ...findings(outcome),
    ...approvals(outcome),
    ...policies(outcome),
    ...list("Waived", 2500, review.policies.waived.map(describeWaived)),
    ...waves(outcome),
    ...shares(outcome),
    ...section("Drift from what is declared", 3000, drift, ({ host, group, message }) => {
      return `- ${code(group === "host" ? host : `${host} ${group}`)}: ${text(message)}`;
    }),
  ];
}

/** By rule: findings with their places, then the reason and the fix. */
function findings(outcome: Reviewed): string[] {
  const open = summary.ownFindings(outcome.review).filter(({ level }) => level !== "safe");
  const groups = [...Map.groupBy(open, ({ rule, level }) => `${level} ${rule}`).values()];
  return section("Findings", 12_000, groups, (group) => {
    const { rule, level } = group[0]!;
    const items = within(
      alike(group, ({ subject, message: sentence }) => ({ subject, sentence })),
      2200,
      (each) => {
        const { subject, message, approval } = each.first;
        const needs = approval ? ` Needs the approval ${code(`${approval.action} ${approval.resource}`)}.` : "";
        return `- ${code(summary.placeOf(outcome, subject))}: ${text(withOthers(message, each))}${needs}`;
      },
      (left) => `- and ${left} more`,
    );
    return ruled(rule, level, items);
  });
}

function ruled(rule: string, how: string, items: readonly string[]): string {
  const said = summary.textOf(rule);
  const why = said ? [`\n_Why:_ ${said.reason} _Fix:_ ${said.fix}`] : [];
  return [`**${text(rule)}** (${how})${said ? `: ${said.description}` : ""}\n`, ...items, ...why].join("\n");
}

function approvals(outcome: Reviewed): string[] {
  const { review, inventory, today } = outcome;
  const missing = summary.missingApprovals(review);
  const entries = within(
    missing,
    4000,
    (each) => summary.approvalYaml(each, today).trimEnd(),
    (left) => `# and ${left} more; the JSON result has all of them`,
  );
  const wanted =
    missing.length === 0
      ? []
      : [
          "#### Approvals needed",
          `Add to ${code(`${inventory}/approvals.yaml`)}. They are refused until somebody other than the author has filled in ${code("approvedBy")} and ${code("reason")}.`,
          fence(entries.join("\n"), "yaml"),
        ];
  return [
    ...wanted,
    ...section(
      "Approvals used",
      2500,
      summary.approvalsUsed(review),
      ({ message, approved: { approval, daysLeft } }) => {
        return `- ${code(`${approval.action} ${approval.resource}`)} by ${text(approval.approvedBy)}, ${summary.daysWords(daysLeft)}: ${text(message, 300)}`;
      },
    ),
    ...section("Unused approvals", 1000, review.unusedApprovals, ({ action, resource, approvedBy }) => {
      return `- ${code(`${action} ${resource}`)} by ${text(approvedBy)}: remove it`;
    }),
  ];
}

/** Broken rules. Counterexamples of the proof come first, since they say which accounts would be down. */
function policies(outcome: Reviewed): string[] {
  const { violations } = outcome.review.policies;
  if (violations.length === 0) return ["#### Policies", `All ${rules.length} rules hold.`];
  const groups = [...Map.groupBy(violations, ({ rule }) => rule)].sort(
    ([a], [b]) => Number(b === summary.proofRule) - Number(a === summary.proofRule),
  );
  return section(
    `Policies: ${count(groups.length, "rule")} of ${rules.length} broken`,
    8000,
    groups,
    ([rule, group]) => {
      const items = within(
        alike(group, ({ subject, message: sentence }) => ({ subject, sentence })),
        2000,
        (each) =>
          `- ${code(summary.placeOf(outcome, each.first.subject))}: ${text(withOthers(each.first.message, each))}`,
        (left) => `- and ${left} more`,
      );
      return ruled(rule, rule === summary.proofRule ? "counterexamples" : "broken", items);
    },
  );
}

function waves({ review }: Reviewed): string[] {
  const title = review.stages.length === 1 ? "Deploys in one update" : `Deploys in ${review.stages.length} waves`;
  return section(title, 2000, [...review.stages.entries()], ([index, { hosts, accounts, capacityPercent }]) => {
    const all = hosts.length > 6 ? `${hosts.slice(0, 6).join(", ")} and ${hosts.length - 6} more` : hosts.join(", ");
    return `${index + 1}. ${text(all)}: ${count(accounts, "account")}, ${capacityPercent} % of the cores`;
  });
}

function shares({ review }: Reviewed): string[] {
  const changed = summary.notableShares(review);
  if (changed.length === 0) return [];
  const rows = within(
    changed,
    2200,
    (share) =>
      `| ${[share.host, summary.shareOwner(share), summary.shareWords(share.before), summary.shareWords(share.after)].map((cell) => text(cell, 120)).join(" | ")} |`,
    (left) => `\nand ${left} more`,
  );
  return ["#### Fair shares", ["| host | plan | before | after |", "| --- | --- | --- | --- |", ...rows].join("\n")];
}

/** A heading and as many items as its limit allows; nothing without items. */
function section<T>(title: string, budget: number, items: readonly T[], render: (item: T) => string): string[] {
  if (items.length === 0) return [];
  const shown = within(items, budget - title.length, render, (left) => `\n…and ${left} more.`);
  const blocks = shown.some((item) => item.includes("\n"));
  return [...(title === "" ? [] : [`#### ${title}`]), shown.join(blocks ? "\n\n" : "\n")];
}
