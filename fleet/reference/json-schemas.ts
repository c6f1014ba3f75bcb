import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Command } from "commander";
import { z } from "zod";
import { fileKinds as registered } from "../../components/files.generated.ts";

/** Where editors find the schemas: the first line of each YAML file names one, relative to itself. */
const directory = join(import.meta.dirname, "../../inventory/json-schemas");

/** The kinds of files an inventory has, each with its JSON Schema, from the zod schemas. Folders come first. */
export function fileKinds(): { name: string; file: string; title: string; schema: z.core.JSONSchema.BaseSchema }[] {
  return Object.values(registered)
    .toSorted((left, right) => Number(right.path.endsWith("/")) - Number(left.path.endsWith("/")))
    .map(({ name, shown, title, schema }) => {
      return { name, file: shown, title, schema: z.toJSONSchema(schema, { io: "input", target: "draft-7" }) };
    });
}

/** Text of every JSON Schema file by its path: what an editor may accept is what the loader accepts. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    fileKinds().map(({ name, title, schema }) => {
      return [join(directory, `${name}.schema.json`), `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`];
    }),
  );
}

/** The files that differ from what the zod schemas say. */
export function staleSchemas(): string[] {
  return [...jsonSchemas()].filter(([file, text]) => read(file) !== text).map(([file]) => file);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const { check } = new Command("json-schemas")
    .description("Writes the JSON Schemas of the inventory, for editors, from the zod schemas.")
    .option("--check", "write nothing; exit with 1 if a file is stale")
    .parse()
    .opts<{ check?: true }>();
  const stale = staleSchemas().map((file) => relative(process.cwd(), file));
  if (check && stale.length > 0) {
    console.error(`stale: ${stale.join(", ")}\nmend: npm run generate`);
    process.exitCode = 1;
  } else if (!check) {
    mkdirSync(directory, { recursive: true });
    for (const [file, text] of jsonSchemas()) if (read(file) !== text) writeFileSync(file, text);
    console.log(stale.length === 0 ? "up to date" : `written: ${stale.join(", ")}`);
  }
}
