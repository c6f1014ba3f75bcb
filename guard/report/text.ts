import Table from "cli-table3";
import type { Violation } from "../../components/rule.ts";
import { formatProblems } from "../../fleet/load/problem.ts";
import { printable } from "../../lib/text/text.ts";
import { describeWaived } from "../../policies/waivers.ts";
import type { Outcome, Reviewed } from "../verdict/outcome.ts";
import { alike, withOthers } from "./alike.ts";
import type { Extras } from "./comment.ts";
import * as summary from "./summary.ts";

const width = 100;
/** Most lines of one kind that are shown; the rest is counted. */
const most = 25;

/** An outcome for a terminal of 100 columns: verdict, hosts and accounts, findings, effects. */
export function formatText(outcome: Outcome, extras: Extras = {}): string {
  const { sentence, todo } = summary.verdictOf(outcome);
  const head = [
    `${sentence}. ${todo}`,
    `Compared: ${summary.scopeSentence(outcome)}.`,
    ...outcome.notices.map((notice) => `Note: ${notice}`),
  ];
  const rest =
    outcome.kind === "unsound" ? [formatProblems(outcome.problems, outcome.inventory)] : sections(outcome, extras);
  return `${[head.flatMap((text) => wrap(text)).join("\n"), ...rest].join("\n\n")}\n`;
}

function sections(outcome: Reviewed, { drift = [] }: Extras): string[] {
  const { review } = outcome;
  const parts = [
    wrap(summary.affectedSentence(summary.affectedBy(review))).join("\n"),
    ...findings(outcome),
    ...byRule(outcome, review.policies.violations, ({ rule }) => `${rule} (broken)`),
  ];
  const add = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0) parts.push([title, ...cut(lines).flatMap((text) => wrap(text, "  - "))].join("\n"));
  };
  add(
    "What happens:",
    alike(review.effects, (effect) => effect).map((each) => withOthers(each.first.sentence, each)),
  );
  add("Waived:", review.policies.waived.map(describeWaived));
  add(
    "Approvals used:",
    summary.approvalsUsed(review).map(({ message, approved: { approval, daysLeft } }) => {
      return `${approval.action} ${approval.resource}, by ${approval.approvedBy} (${summary.daysWords(daysLeft)}): ${message}`;
    }),
  );
  add(
    "Unused approvals, remove them:",
    review.unusedApprovals.map(({ action, resource, approvedBy }) => `${action} ${resource}, by ${approvedBy}`),
  );
  add(
    "Drift from what is declared:",
    drift.map(({ host, group, message }) => `${group === "host" ? host : `${host} ${group}`}: ${message}`),
  );
  if (review.stages.length > 0) {
    const rows = review.stages.map(({ hosts, accounts, capacityPercent }, index) => [
      ...[`${index + 1}`, hosts.join(" "), `${accounts}`, `${capacityPercent} %`],
    ]);
    parts.push(table(["wave", "hosts", "accounts", "of all cores"], rows));
  }
  const shares = summary.notableShares(review);
  if (shares.length > 0) {
    const rows = shares.map((share) => [
      share.host,
      summary.shareOwner(share),
      summary.shareWords(share.before),
      summary.shareWords(share.after),
    ]);
    parts.push(table(["host", "plan", "guaranteed before", "guaranteed after"], rows));
  }
  return parts;
}

function findings(outcome: Reviewed): string[] {
  const open = summary.ownFindings(outcome.review).filter(({ level }) => level !== "safe");
  const parts = byRule(outcome, open, ({ rule, level }) => `${rule} (${level})`);
  const missing = summary.missingApprovals(outcome.review);
  if (missing.length > 0) {
    const yaml = cut(missing.map((each) => summary.approvalYaml(each, outcome.today).trimEnd()));
    parts.push([`To approve, add to ${outcome.inventory}/approvals.yaml:`, ...yaml].join("\n"));
  }
  return parts;
}

/** By rule, each with its reason and fix once. */
function byRule<T extends Violation>(outcome: Reviewed, all: readonly T[], title: (each: T) => string): string[] {
  return [...Map.groupBy(all, title)].map(([name, group]) => {
    const text = summary.textOf(group[0]!.rule);
    const told = alike(group, ({ subject, message }) => ({ subject, sentence: message }));
    const lines = cut(
      told.map((each) => withOthers(`${summary.placeOf(outcome, each.first.subject)}: ${each.first.message}`, each)),
    );
    return [
      ...wrap(text ? `${name}: ${text.description}` : name),
      ...lines.flatMap((line) => wrap(line, "  ")),
      ...(text ? [...wrap(`Why: ${text.reason}`, "  "), ...wrap(`Fix: ${text.fix}`, "  ")] : []),
    ].join("\n");
  });
}

function cut(lines: readonly string[]): string[] {
  if (lines.length <= most) return [...lines];
  return [...lines.slice(0, most), `and ${lines.length - most} more; --json has all of them`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.slice(0, most).map((row) => row.map(printable));
  const widths = head.map((title, index) => Math.max(title.length, ...shown.map((row) => row[index]!.length)) + 2);
  while (widths.reduce((sum, one) => sum + one, head.length + 1) > width)
    widths[widths.indexOf(Math.max(...widths))]! -= 1;
  const made = new Table({
    head: [...head],
    colWidths: widths,
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  made.push(...shown);
  const hidden = rows.length - shown.length;
  return hidden === 0 ? made.toString() : `${made.toString()}\nand ${hidden} more; --json has all of them`;
}

/** Wraps text to the terminal's width. Words longer than a line stay whole, so that a path can be opened. */
function wrap(text: string, indent = ""): string[] {
  const lines: string[] = [];
  for (const word of printable(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`${lines.length === 0 ? indent : " ".repeat(indent.length)}${word}`);
  }
  return lines;
}
