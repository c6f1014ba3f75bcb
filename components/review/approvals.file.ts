import { z } from "zod";
import type { FileKind } from "../registry/file.ts";
import { lineSchema, textSchema } from "../schema.ts";

/** What has to be approved before it is deployed, by the word that an approval and the guard's message use. */
export const approvableActions = [
  "delete",
  "replace",
  "move",
  "shrink",
  "renumber",
  "upgrade",
  "open",
  "hand-over",
  "rotate-secret",
  "waive",
  "weaken",
  "change-unknown",
] as const;
export type ApprovableAction = (typeof approvableActions)[number];

const approvalSchema = z.strictObject({
  action: z.enum(approvableActions).describe("What is allowed, as the guard's message names it."),
  resource: z
    .string()
    .regex(/^[a-zA-Z]+ [a-z0-9:./-]{1,80}$/, {
      error: "must be a kind and a name, such as account 88, host web3, plan small, rule two-disks",
    })
    .describe("What it is allowed for: kind and name, as the guard's message shows them."),
  approvedBy: textSchema.describe("Who answers for it: a person other than the author of the change."),
  reason: lineSchema.min(10).max(500).describe("Why it is right."),
  expires: z.iso.date().describe("The last day it holds, ISO 8601; at most 30 days ahead."),
});

export type Approval = Readonly<z.output<typeof approvalSchema>>;

export const schema = z.array(approvalSchema);

export const file = {
  key: "approvals",
  name: "approvals",
  path: "approvals.yaml",
  shown: "approvals.yaml",
  title: "One-time approvals for changes that the guard blocks",
  schema,
  fallback: [],
} as const satisfies FileKind;
