import { z } from "zod";
import type { Subject } from "../../components/registry/subject.ts";
import { approvableActions } from "../../components/review/approvals.file.ts";
import { maskSentence } from "../../lib/text/mask.ts";
import type { Share } from "../change/effects/shares.ts";
import type { Outcome, Reviewed } from "../verdict/outcome.ts";
import { levels } from "../verdict/weigh.ts";
import * as summary from "./summary.ts";

const sentence = z.string();
const approvalKey = z.object({ action: z.enum(approvableActions), resource: z.string() });
const about = {
  subject: z.object({ kind: z.string(), name: z.string(), path: z.string().optional() }),
  where: z
    .string()
    .optional()
    .describe(
      "File and line, `inventory/prod/hosts/web1.yaml:12`; followed by ` (before)` if only the old side has it.",
    ),
};
const amountsSchema = z.object({
  cores: z.number(),
  ioPercent: z.number().describe("Of what the host's disks can do, if their scheduler is BFQ."),
  memoryMb: z.number(),
  diskGb: z.number(),
});
const shareSchema = z
  .object({
    accounts: z.int(),
    guaranteedCores: z.number().describe("`guaranteed.cores`."),
    burstCores: z.number().describe("`burst.cores`."),
    guaranteed: amountsSchema,
    burst: amountsSchema,
  })
  .describe(
    "What each account has of its host: when all accounts want all that they may have, and when no other wants any.",
  );
const waiverSchema = z.object({
  rule: z.string(),
  path: z.string().optional(),
  owner: z.string(),
  reason: z.string(),
  expires: z.string(),
});
const approvalSchema = approvalKey.extend({ approvedBy: z.string(), reason: z.string(), expires: z.string() });

/**
 * The guard's result for programs. Keys may be added; removing a key or changing its meaning raises `schemaVersion`.
 * It names changed files but does not contain their text, so it contains no secret.
 */
export const reportSchema = z.object({
  schemaVersion: z.literal(1),
  verdict: z.enum(levels).describe("`blocked`: it cannot be approved."),
  summary: sentence.describe("The verdict in one line: the heading of the comment."),
  inventory: z.string().describe("The fleet's directory."),
  base: z.string().describe("The base of the comparison."),
  cell: z.string().optional().describe("Only this cell was reviewed."),
  today: z.string().describe("The day on which it was judged, ISO 8601."),
  notices: z.array(sentence).describe("Remarks about the review itself."),
  problems: z
    .array(
      z.object({
        file: z.string(),
        line: z.int(),
        column: z.int(),
        path: z.string(),
        message: sentence,
        fix: sentence,
      }),
    )
    .describe("Problems of the new inventory; if there are any, nothing else was judged."),
  affected: z.object({
    hosts: z.int(),
    accounts: z.int(),
    stopped: z.int().describe("Accounts that are down for a while."),
    seconds: z.number().describe("Longest time that one of them is down."),
    losing: z.int().describe("Accounts that lose data or an identity."),
  }),
  findings: z
    .array(
      z.object({
        rule: z.string(),
        level: z.enum(levels).describe("`safe`: approved."),
        ...about,
        message: sentence,
        reason: sentence.optional(),
        fix: sentence.optional(),
        approval: approvalKey.optional().describe("What an approval has to name."),
        approved: z.object({ approval: approvalSchema, daysLeft: z.int() }).optional(),
      }),
    )
    .describe("Worst first."),
  missingApprovals: z.array(approvalKey),
  unusedApprovals: z.array(approvalSchema).describe("Approvals that no finding needs."),
  effects: z
    .array(z.object({ ...about, sentence, accounts: z.array(z.int()), seconds: z.number(), destroys: z.boolean() }))
    .describe("Effects, worst first."),
  changes: z.array(
    z.object({ kind: z.string(), ...about, op: z.enum(["create", "update", "delete"]), paths: z.array(z.string()) }),
  ),
  hosts: z
    .array(
      z.object({
        host: z.string(),
        applier: z.boolean().describe("Another applier is installed."),
        groups: z.array(
          z.object({
            group: z.string().describe("`host`, or `account-1204`."),
            files: z.array(z.object({ path: z.string(), op: z.enum(["create", "update", "delete"]) })),
          }),
        ),
        restarts: z.array(z.string()).describe("Units that are restarted, or stopped until the next request."),
      }),
    )
    .describe("Hosts on which something changes."),
  waves: z.array(
    z.object({ hosts: z.array(z.string()), accounts: z.int(), capacityPercent: z.number(), overLimit: z.boolean() }),
  ),
  shares: z.array(
    z.object({
      host: z.string(),
      plan: z.string(),
      account: z.int().optional(),
      before: shareSchema.optional(),
      after: shareSchema.optional(),
    }),
  ),
  policies: z.object({
    violations: z.array(z.object({ rule: z.string(), ...about, message: sentence })),
    waived: z.array(
      z.object({ rule: z.string(), ...about, message: sentence, waiver: waiverSchema, daysLeft: z.int() }),
    ),
  }),
  counterexamples: z
    .array(z.object({ cut: z.array(z.string()), hosts: z.array(z.string()), accounts: z.int(), message: sentence }))
    .describe("Elements whose loss takes accounts down that were promised to survive it."),
});

function shareReport({ accounts, guaranteed, burst }: Share): z.infer<typeof shareSchema> {
  return { accounts, guaranteedCores: guaranteed.cores, burstCores: burst.cores, guaranteed, burst };
}

export type Report = z.infer<typeof reportSchema>;

/** The outcome in the form of {@link reportSchema}. */
export function toJson(outcome: Outcome): Report {
  const { level, sentence: said } = summary.verdictOf(outcome);
  const { inventory, base, cell, today, notices } = outcome;
  const common = {
    schemaVersion: 1 as const,
    verdict: level,
    summary: said,
    inventory,
    base,
    ...(cell !== undefined && { cell }),
    today,
  };
  if (outcome.kind === "unsound") {
    return {
      ...common,
      notices: [...notices],
      problems: outcome.problems.map(({ file, line, column, path, message, fix }) => {
        return { file: `${inventory}/${file}`, line, column, path, message: maskSentence(message), fix };
      }),
      ...nothing,
    };
  }
  return { ...common, notices: [...notices], problems: [], ...reviewed(outcome) };
}

const nothing = {
  affected: { hosts: 0, accounts: 0, stopped: 0, seconds: 0, losing: 0 },
  ...{
    findings: [],
    missingApprovals: [],
    unusedApprovals: [],
    effects: [],
    changes: [],
    hosts: [],
    waves: [],
    shares: [],
  },
  ...{ policies: { violations: [], waived: [] }, counterexamples: [] },
};

function reviewed(
  outcome: Reviewed,
): Omit<
  Report,
  "schemaVersion" | "verdict" | "summary" | "inventory" | "base" | "cell" | "today" | "notices" | "problems"
> {
  const { review } = outcome;
  const at = (subject: Subject) => {
    const where = outcome.where(subject);
    const { kind, name, path } = subject;
    return { subject: { kind, name, ...(path !== undefined && { path }) }, ...(where !== undefined && { where }) };
  };
  return {
    affected: summary.affectedBy(review),
    findings: review.findings.map(({ rule, level, subject, message, approval, approved }) => {
      const text = summary.textOf(rule);
      const why = text && { reason: text.reason, fix: text.fix };
      return {
        rule,
        level,
        ...at(subject),
        message: maskSentence(message),
        ...why,
        ...(approval && { approval }),
        ...(approved && { approved }),
      };
    }),
    missingApprovals: summary.missingApprovals(review),
    unusedApprovals: [...review.unusedApprovals],
    effects: review.effects.map(({ subject, sentence: text, accounts, seconds, destroys }) => {
      return { ...at(subject), sentence: maskSentence(text), accounts: [...accounts], seconds, destroys };
    }),
    changes: review.changes.map(({ kind, subject, op, paths }) => ({ kind, ...at(subject), op, paths: [...paths] })),
    hosts: review.hosts.map(({ host, applier, groups, hooks }) => ({
      ...{ host, applier },
      groups: groups.map(({ group, files }) => ({
        group,
        files: files.map(({ path, before, after }) => {
          return {
            path,
            op:
              before === undefined
                ? ("create" as const)
                : after === undefined
                  ? ("delete" as const)
                  : ("update" as const),
          };
        }),
      })),
      restarts: [...hooks.restart, ...hooks.stopChanged],
    })),
    waves: review.stages.map(({ hosts, ...wave }) => ({ ...wave, hosts: [...hosts] })),
    shares: review.shares.map(({ before, after, ...whose }) => ({
      ...whose,
      ...(before && { before: shareReport(before) }),
      ...(after && { after: shareReport(after) }),
    })),
    policies: {
      violations: review.policies.violations.map(({ rule, subject, message }) => ({
        rule,
        ...at(subject),
        message: maskSentence(message),
      })),
      waived: review.policies.waived.map(({ violation: { rule, subject, message }, waiver, daysLeft }) => {
        return { rule, ...at(subject), message: maskSentence(message), waiver: { ...waiver }, daysLeft };
      }),
    },
    counterexamples: summary.counterexamples(outcome).map(({ cut, hosts, accounts, message }) => {
      return { cut: cut.map(({ name }) => name), hosts: [...hosts], accounts, message };
    }),
  };
}
