import { z } from "zod";
import { daySchema, lineSchema } from "../../components/schema.ts";

/** What can be given up, beside accounts, whose numbers go into tombstones.yaml. */
const retiredSchema = z.strictObject({
  kind: z.enum(["host", "router", "switch", "range", "site"]).describe("What it was."),
  name: lineSchema.min(1).max(64).describe("Its name; a range's prefix."),
  retired: daySchema.describe("Day it was given up, ISO 8601 (`2026-11-22`)."),
});

export type Retired = z.infer<typeof retiredSchema>;

/** The whole file `retired.yaml`. */
export const retiredListSchema = z.array(retiredSchema);
