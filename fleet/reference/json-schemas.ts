import { z } from "zod";
import { fileKinds as registered } from "../../components/files.generated.ts";

/** Where editors find the schemas: the first line of each YAML file names one, relative to itself. */
const directory = "inventory/json-schemas";

/** The kinds of files an inventory has, each with its JSON Schema, from the zod schemas. Folders come first. */
export function fileKinds(): { name: string; file: string; title: string; schema: z.core.JSONSchema.BaseSchema }[] {
  return Object.values(registered)
    .toSorted((left, right) => Number(right.path.endsWith("/")) - Number(left.path.endsWith("/")))
    .map(({ name, shown, title, schema }) => {
      return { name, file: shown, title, schema: z.toJSONSchema(schema, { io: "input", target: "draft-7" }) };
    });
}

/** Text of every JSON Schema file by its path, relative to the checkout: what an editor may accept is what the loader accepts. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    fileKinds().map(({ name, title, schema }) => {
      return [`${directory}/${name}.schema.json`, `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`];
    }),
  );
}
