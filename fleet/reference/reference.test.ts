import { expect, test } from "vitest";
import { z } from "zod";
import { fileKinds } from "./json-schemas.ts";
import { inventoryReference, rowsOf } from "./reference.ts";

test.each(fileKinds().map(({ name, schema }) => [name, schema] as const))(
  "every key of %s is described",
  (_, schema) => {
    const rows = rowsOf(schema);
    expect(rows.length).toBeGreaterThan(2);
    for (const { key, type, description } of rows) {
      expect(description, key).toMatch(/^[A-Z`].*[.`]$/);
      expect(type, key).not.toContain("undefined");
    }
  },
);

test("a key is a row with its type, default and limits; a key of only one kind says so", () => {
  const kind = <K extends string>(name: K) => z.literal(name).describe(`A ${name}.`);
  const name = z.string().max(9).meta({ title: "a name" }).describe("Unique.");
  const schema = z.strictObject({
    pets: z.array(
      z.discriminatedUnion("kind", [
        z.strictObject({ kind: kind("cat"), name, lives: z.int().min(1).max(9).default(9).describe("Left.") }),
        z.strictObject({ kind: kind("dog"), name, tricks: z.array(name).min(1).optional().describe("Learnt.") }),
      ]),
    ),
  });
  const row = (...[key, type, fallback, limits, description]: [string, string, string, string, string]) => {
    return { key, type, fallback, limits, description };
  };
  expect(rowsOf(z.toJSONSchema(schema, { io: "input", target: "draft-7" }))).toEqual([
    row("pets", "list", "required", "", ""),
    row("pets[].kind", "`cat`", "required", "", "A cat."),
    row("pets[].name", "string", "required", "a name; at most 9 characters", "Unique."),
    row("pets[].lives", "whole number", "`9`", "kind `cat`; 1 to 9", "Left."),
    row("pets[].kind", "`dog`", "required", "", "A dog."),
    row(
      "pets[].tricks",
      "list of string",
      "",
      "kind `dog`; at least 1 item; each: a name; at most 9 characters",
      "Learnt.",
    ),
  ]);
});

test("every kind of file has one section", () => {
  const sections = [...inventoryReference().matchAll(/^## (.+)$/gm)].map(([, name]) => name);
  expect(sections).toEqual(fileKinds().map(({ name }) => name));
});
