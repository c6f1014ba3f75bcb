import { z } from "zod";
import type { FileKind } from "../registry/file.ts";
import { allKinds } from "../registry/subject.ts";
import { daySchema, lineSchema } from "../schema.ts";

const retirable = allKinds.filter(({ retired }) => retired === "retired.yaml").map(({ name }) => name);

/** What can be given up, beside accounts, whose numbers go into tombstones.yaml. */
const retiredSchema = z.strictObject({
  kind: z.enum(retirable).describe("What it was."),
  name: lineSchema.min(1).max(64).describe("Its name; a range's prefix."),
  retired: daySchema.describe("Day it was given up, ISO 8601 (`2026-11-22`)."),
});

export const schema = z.array(retiredSchema);

export const file = {
  key: "retired",
  name: "retired",
  path: "retired.yaml",
  shown: "retired.yaml",
  title: "Hosts, devices, ranges and sites that were given up",
  schema,
  fallback: [],
} as const satisfies FileKind;
