import { z } from "zod";
import { key, note, trust } from "../registry/fields/field-class.ts";
import { isWaivable } from "../registry/fields/schema-walk.ts";
import type { FileKind } from "../registry/file.ts";
import { allKinds } from "../registry/subject.ts";
import { daySchema, format, personSchema, plainSchema, reasonSchema } from "../schema.ts";

/** Kinds of resources that may carry a waiver: those with waivers in their inputs. */
const waivableKinds = allKinds.filter(isWaivable).map(({ name }) => name);

const resourceSchema = format(
  "a kind and a name, such as host web3, account 1204, httpServer 1204/blog, network 60362",
  (says) => z.string().regex(new RegExp(`^(${waivableKinds.join("|")}) [a-z0-9_/-]{1,80}$`), says),
);

const waiverSchema = z.strictObject({
  rule: key(
    format("the name of a rule, such as two-disks", (says) => z.string().regex(/^[a-z][a-z0-9-]{1,63}$/, says)),
  ).describe("Name of the rule, as its message shows it."),
  resource: key(resourceSchema).describe(
    `Resource whose violations are waived: its kind (${waivableKinds.join(", ")}) and its name, as the message shows them.`,
  ),
  path: key(plainSchema.max(200))
    .optional()
    .describe(
      "Property whose violations are waived, for example `links.0`. Without it, all violations of the rule at the resource are waived.",
    ),
  owner: note(personSchema).describe("Person (not a team) who is responsible for the waiver."),
  reason: note(reasonSchema).describe("Reason why the violation can wait, for information only."),
  expires: trust(daySchema, { judged: "waivers-approved" }).describe(
    "Last day on which the waiver is valid, ISO 8601, at most 90 days ahead.",
  ),
});

export const schema = trust(z.array(waiverSchema), { judged: "waivers-approved" });

export const file = {
  key: "waivers",
  name: "waivers",
  path: "waivers.yaml",
  shown: "waivers.yaml",
  title: "Time-limited exceptions to rules",
  schema,
  judged: "itself",
  fallback: [],
} as const satisfies FileKind;
