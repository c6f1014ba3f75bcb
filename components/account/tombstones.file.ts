import { z } from "zod";
import type { FileKind } from "../registry/file.ts";
import { daySchema, nameSchema } from "../schema.ts";
import { accountNumberSchema } from "./account.file.ts";

const tombstone = z.strictObject({
  number: accountNumberSchema.describe("Number of the deleted account. It stays taken."),
  name: nameSchema.describe("The last name of the account."),
  deleted: daySchema.describe("Date of the deletion, ISO 8601 (`2026-11-22`)."),
});

export const schema = z.array(tombstone);

/** Numbers of deleted accounts, which stay taken. */
export const file = {
  key: "tombstones",
  name: "tombstones",
  path: "tombstones.yaml",
  shown: "tombstones.yaml",
  title: "Numbers of deleted accounts, which stay taken",
  schema,
  sortedBy: "number",
  fallback: [],
} as const satisfies FileKind;
