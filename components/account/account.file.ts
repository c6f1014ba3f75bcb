import { z } from "zod";
import { restoreSchema } from "../backup/restore-request.ts";
import { largestNumber } from "../declaring.ts";
import { accountFirewallSchema } from "../firewall/rule.ts";
import { eachLimit, limitValue } from "../plan/each-limit.ts";
import type { FileKind } from "../registry/file.ts";
import { daySchema, nameSchema, pastDay, textSchema } from "../schema.ts";
import { accountEntries } from "./entries.generated.ts";

/** Account numbers: as many bits as lie between the shortest site prefix and an account's /64. */
export const accountNumberSchema = z.int().min(1).max(largestNumber);

export const schema = z.strictObject({
  number: accountNumberSchema.describe(
    `Identity of the account: given once, never reused. Uid, slice, prefix and ports follow from it. 1 to ${largestNumber}, and not larger than the prefix of its site allows.`,
  ),
  name: nameSchema.describe("Name of the account, unique in the fleet. It can be changed."),
  plan: nameSchema.describe("Name of the account's plan: a file in plans/."),
  host: nameSchema.describe("Name of the account's host: a file in hosts/."),
  standby: nameSchema
    .optional()
    .describe(
      "Name of a host at another site, in the same cell, that has a copy of the account's backups, and takes it over if `host` is lost. Required if the plan survives the loss of a site.",
    ),
  retentionDays: z
    .int()
    .min(1)
    .max(3660)
    .optional()
    .describe("Days that the account's backups are kept. Set it only to keep them longer than its plan does."),
  limits: z
    .strictObject(eachLimit((name) => limitValue(name).optional()))
    .optional()
    .describe("Limits that replace those of the account's plan, one by one."),
  protect: z
    .boolean()
    .default(true)
    .describe("Whether the account is protected: it cannot be deleted while this is true. Default true."),
  firewall: accountFirewallSchema,
  suspended: z
    .strictObject({
      since: pastDay(daySchema.describe("Date of the suspension, ISO 8601 (`2026-11-22`). For information only.")),
      reason: textSchema.describe("Why. For information only: it goes to no host, and no visitor sees it."),
    })
    .optional()
    .describe(
      "While it is there, nothing of the account runs and nobody logs in; its data is kept, and its web addresses answer 503. Without it everything declared runs again.",
    ),
  restore: restoreSchema
    .optional()
    .describe(
      "Puts what a backup has in the place of what is there now: once, with the next deploy. It can stay afterwards, or be removed, and nothing more happens; remove it before the account comes to another cell or to a new stack, where it is refused.",
    ),
  ...accountEntries,
});

/** An account. */
export const file = {
  key: "accounts",
  name: "account",
  path: "accounts/",
  shown: "accounts/<any name>.yaml",
  title: "An account",
  schema,
  judged: "declared",
  sortedBy: "number",
} as const satisfies FileKind;
