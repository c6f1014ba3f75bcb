import { z } from "zod";
import { key, note, trust } from "../registry/fields/field-class.ts";
import type { FileKind } from "../registry/file.ts";
import { personSchema, reasonSchema } from "../schema.ts";

/** Actions that need an approval before deployment, as approvals and the guard's messages name them. */
export const approvableActions = [
  "delete",
  "replace",
  "move",
  "restore",
  "shrink",
  "suspend",
  "renumber",
  "upgrade",
  "open",
  "hand-over",
  "rotate-secret",
  "waive",
  "weaken",
  "trust",
  "change-unknown",
] as const;
export type ApprovableAction = (typeof approvableActions)[number];

const approvalSchema = z.strictObject({
  action: key(z.enum(approvableActions)).describe("Approved action, as the guard's message names it."),
  resource: key(
    z.string().regex(/^[a-zA-Z]+ (?:[a-z0-9*_:./-]{1,260}|\([1-9]\d{0,6}, [0-9a-f]{32}\))$/, {
      error: "must be a kind and a name, such as account 88, host web3, plan small, rule two-disks",
    }),
  ).describe(
    "Resource for which the action is approved: kind and name, as the guard's message shows them. For many of a kind: `account (160, <digest>)`, their number and a digest of their names, as the guard's message has it.",
  ),
  approvedBy: trust(personSchema, { judged: "approvals" }).describe(
    "Person who is responsible for the approval. Author and approver must be different people.",
  ),
  reason: note(reasonSchema).describe("Reason for the approval."),
  expires: trust(z.iso.date(), { judged: "approvals" }).describe(
    "Last day on which the approval is valid, ISO 8601, at most 30 days ahead.",
  ),
});

export type Approval = Readonly<z.output<typeof approvalSchema>>;

export const schema = trust(z.array(approvalSchema), { judged: "approvals" });

export const file = {
  key: "approvals",
  name: "approvals",
  path: "approvals.yaml",
  shown: "approvals.yaml",
  title: "One-time approvals for changes that the guard blocks",
  schema,
  judged: "itself",
  fallback: [],
} as const satisfies FileKind;
