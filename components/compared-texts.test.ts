import { expect, test } from "vitest";
import { z } from "zod";
import { fixOf } from "./fixes.ts";
import { meaningOf } from "./inputs.ts";
import { bare } from "./registry/fields/bare.ts";
import { objectsOf } from "./registry/fields/schema-walk.ts";
import type { FileKind } from "./registry/file.ts";
import { fileKinds } from "./registry/files.generated.ts";
import { labelSchema } from "./schema.ts";

/** Fields whose text nothing compares with another one, beside arguments and values of variables: people and programs read it. */
const free = [
  "accounts.*.suspended.reason",
  "accounts.*.users.*.keys.*",
  "approvals.*.approvedBy",
  "approvals.*.reason",
  "sites.*.location.city",
  "waivers.*.owner",
  "waivers.*.reason",
];

/** Texts of a schema but arguments, each with its path: those of lists, keys and values of records too. */
function* textsOf(schema: z.ZodType, path: string): Generator<readonly [path: string, schema: z.ZodType]> {
  const inner = bare(schema);
  if ([schema, inner].some((each) => meaningOf(each) === "argument")) return;
  if (inner instanceof z.ZodString) yield [path, schema];
  else if (inner instanceof z.ZodArray) yield* textsOf(inner.element as z.ZodType, `${path}.*`);
  else if (inner instanceof z.ZodRecord) {
    yield* textsOf(inner.keyType as z.ZodType, `${path} (names)`);
    yield* textsOf(inner.valueType as z.ZodType, `${path}.*`);
  } else if (objectsOf(inner).length > 0) {
    for (const { shape } of objectsOf(inner))
      for (const [key, member] of Object.entries(shape)) yield* textsOf(member as z.ZodType, `${path}.${key}`);
  } else if (inner instanceof z.ZodUnion) for (const option of inner.options) yield* textsOf(option as z.ZodType, path);
}

/** Cyrillic letters that look like Latin ones. */
const lookAlike = "\u0410\u0412\u0421\u0415\u041d\u041a\u041c\u041e\u0420\u0422\u0425\u0410";

test("every text of a file that is compared with others refuses letters that look like its own, and what does not show", () => {
  const all = Object.entries<FileKind>(fileKinds).flatMap(([key, { schema, path }]) => [
    ...textsOf(schema, path.endsWith("/") ? `${key}.*` : key),
  ]);
  const takes = (text: string) =>
    [...new Set(all.flatMap(([path, schema]) => (schema.safeParse(text).success ? path : [])))].sort();
  expect(takes(lookAlike)).toEqual(free);
  // Who approves, and why, is for people: in any alphabet, but it has to show.
  const shown = free.filter((path) => !/^(?:approvals|waivers)\./.test(path));
  expect(takes("Micron\u200b 7450 PRO")).toEqual(shown);
});

test.each([
  ["\u041cicron 7450", "character 1 is \u041c (U+041C): write a plain one"],
  ["Micron\u200b 7450", "character 7 is U+200B, which does not show: remove it"],
  ["web2-\uff21", "character 6 is \uff21 (U+FF21): write it as A"],
  ["a\u{1f600}b", "character 2 is \u{1f600} (U+1F600): write a plain one"],
  ["Micron 7450", undefined],
])("of %j it is said which character and where", (text, fix) => {
  expect(labelSchema.safeParse(text).success).toBe(fix === undefined);
  expect(fixOf(labelSchema.describe("Model."), text)).toBe(fix);
});
