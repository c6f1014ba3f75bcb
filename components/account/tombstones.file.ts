import { z } from "zod";
import { identity, key, note } from "../registry/fields/field-class.ts";
import type { FileKind } from "../registry/file.ts";
import { daySchema, nameSchema, pastDay } from "../schema.ts";
import { accountNumberSchema } from "./account.file.ts";

const tombstone = z.strictObject({
  number: key(accountNumberSchema).describe("Number of the deleted account. It stays taken."),
  name: identity(nameSchema, { judged: "identity-kept" }).describe(
    "The last name of the account. Below `platformDomain` it was a host name of it.",
  ),
  deleted: note(pastDay(daySchema.describe("Date of the deletion, ISO 8601 (`2026-11-22`)."))),
});

export const schema = identity(z.array(tombstone), { judged: "identity-kept" });

/** Numbers of deleted accounts, which stay taken. */
export const file = {
  key: "tombstones",
  name: "tombstones",
  path: "tombstones.yaml",
  shown: "tombstones.yaml",
  title: "Numbers of deleted accounts, which stay taken",
  schema,
  judged: "itself",
  sortedBy: "number",
  fallback: [],
} as const satisfies FileKind;
