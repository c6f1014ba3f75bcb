import { z } from "zod";
import type { FileKind } from "../registry/file.ts";
import { isWaivable } from "../registry/schema-walk.ts";
import { allKinds } from "../registry/subject.ts";
import { daySchema, format, lineSchema, textSchema } from "../schema.ts";

/** Kinds of resources that may carry a waiver: those whose inputs have room for one. */
const waivableKinds = allKinds.filter(isWaivable).map(({ name }) => name);

const resourceSchema = format(
  "a kind and a name, such as host web3, account 1204, httpServer 1204/blog, network 60362",
  (says) => z.string().regex(new RegExp(`^(${waivableKinds.join("|")}) [a-z0-9/-]{1,64}$`), says),
);

const waiverSchema = z.strictObject({
  rule: format("the name of a rule, such as two-disks", (says) =>
    z.string().regex(/^[a-z][a-z0-9-]{1,63}$/, says),
  ).describe("Name of the rule, as its message shows it."),
  resource: resourceSchema.describe(
    `The resource whose violations pass: its kind (${waivableKinds.join(", ")}) and its name, as the message shows them.`,
  ),
  path: lineSchema
    .max(200)
    .optional()
    .describe(
      "Only violations at this property of the resource, for example `links.0`; without it all of the resource.",
    ),
  owner: textSchema.describe("Who answers for it: a person, not a team."),
  reason: lineSchema.min(10).max(500).describe("Why it is right to wait."),
  expires: daySchema.describe("The last day it holds, ISO 8601; at most 90 days ahead."),
});

export const schema = z.array(waiverSchema);

export const file = {
  key: "waivers",
  name: "waivers",
  path: "waivers.yaml",
  shown: "waivers.yaml",
  title: "Time-limited exceptions to rules",
  schema,
  fallback: [],
} as const satisfies FileKind;
