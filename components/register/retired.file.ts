import { z } from "zod";
import type { FileKind } from "../registry/file.ts";
import { allKinds } from "../registry/subject.ts";
import { daySchema, lineSchema } from "../schema.ts";

const retirable = allKinds.filter(({ retired }) => retired === "retired.yaml").map(({ name }) => name);

/** A retired element. Deleted accounts are not listed here: their numbers are in tombstones.yaml. */
const retiredSchema = z.strictObject({
  kind: z.enum(retirable).describe("Kind of the retired element."),
  name: lineSchema.min(1).max(64).describe("Name of the element; for a range, its prefix."),
  retired: daySchema.describe("Date on which it was retired, ISO 8601 (`2026-11-22`)."),
});

export const schema = z.array(retiredSchema);

export const file = {
  key: "retired",
  name: "retired",
  path: "retired.yaml",
  shown: "retired.yaml",
  title: "Retired hosts, devices, ranges and sites",
  schema,
  fallback: [],
} as const satisfies FileKind;
