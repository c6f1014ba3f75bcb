import { z } from "zod";
import { largestNumber } from "../declaring.ts";
import type { FileKind } from "../registry/file.ts";
import { nameSchema } from "../schema.ts";
import { accountEntries } from "./entries.generated.ts";

/** Account numbers: as many bits as lie between the shortest site prefix and an account's /64. */
export const accountNumberSchema = z.int().min(1).max(largestNumber);

export const schema = z.strictObject({
  number: accountNumberSchema.describe(
    `Identity: given once, never reused; uid, slice, prefix and ports follow from it. 1 to ${largestNumber}, and no more than the site's prefix has room for.`,
  ),
  name: nameSchema.describe("Unique in the fleet; may be changed."),
  plan: nameSchema.describe("Name of a plan: a file in plans/."),
  host: nameSchema.describe("Name of the host it lives on: a file in hosts/."),
  standby: nameSchema
    .optional()
    .describe("Host of another site that takes over at once; plans that survive the loss of a host need one."),
  retentionDays: z.int().min(1).max(3660).optional().describe("Days its backups are kept, if longer than its plan's."),
  protect: z
    .boolean()
    .default(true)
    .describe("Whether removing the account is refused until this is false. Default true."),
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
  sortedBy: "number",
} as const satisfies FileKind;
