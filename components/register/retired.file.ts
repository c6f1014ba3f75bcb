import { z } from "zod";
import { identity, key, note } from "../registry/fields/field-class.ts";
import type { FileKind } from "../registry/file.ts";
import { allKinds } from "../registry/subject.ts";
import { daySchema, nameSchema, pastDay, plainSchema, prefix4Schema, prefix6Schema } from "../schema.ts";

const retirable = allKinds.filter(({ retired }) => retired === "retired.yaml").map(({ name }) => name);

/** A retired resource. Deleted accounts are not listed here: their numbers are in tombstones.yaml. */
const retiredSchema = z
  .strictObject({
    kind: key(z.enum(retirable)).describe("Kind of the retired resource."),
    name: key(plainSchema.min(1).max(64)).describe("Name of the resource; for a range, its prefix."),
    retired: note(pastDay(daySchema.describe("Date on which it was retired, ISO 8601 (`2026-11-22`)."))),
  })
  .refine(
    ({ kind, name }) =>
      (kind === "range" ? [prefix6Schema, prefix4Schema] : [nameSchema]).some((each) => each.safeParse(name).success),
    {
      path: ["name"],
      message: "must be the name as its file had it, in lower-case letters; of a range, its prefix",
    },
  );

export const schema = identity(z.array(retiredSchema), { judged: "identity-kept" });

export const file = {
  key: "retired",
  name: "retired",
  path: "retired.yaml",
  shown: "retired.yaml",
  title: "Retired hosts, devices, ranges and sites",
  schema,
  judged: "itself",
  fallback: [],
} as const satisfies FileKind;
