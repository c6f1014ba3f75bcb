import { z } from "zod";
import type { FileKind } from "../../components/registry/file.ts";
import { fileKinds as registered } from "../../components/registry/files.generated.ts";

/** Directory of the schemas for editors: the first line of each YAML file names one, relative to the file. */
const directory = "inventory/json-schemas";

/** The YAML files of an inventory by kind, each with its JSON Schema, made from the zod schemas. Folders come first. */
export function fileKinds(): { name: string; file: string; title: string; schema: z.core.JSONSchema.BaseSchema }[] {
  return Object.values<FileKind>(registered)
    .filter(({ read }) => read === undefined)
    .toSorted((left, right) => Number(right.path.endsWith("/")) - Number(left.path.endsWith("/")))
    .map(({ name, shown, title, schema }) => {
      return { name, file: shown, title, schema: z.toJSONSchema(schema, { io: "input", target: "draft-7" }) };
    });
}

/** Text of every JSON Schema file by its path, relative to the checkout. Editors accept the same files as the loader. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    fileKinds().map(({ name, title, schema }) => {
      return [`${directory}/${name}.schema.json`, `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`];
    }),
  );
}
