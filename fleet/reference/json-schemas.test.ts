import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { jsonSchemas } from "./json-schemas.ts";

const yamlFiles = ["lab", "prod"].flatMap((fleet) =>
  readdirSync(join(import.meta.dirname, "../../inventory", fleet), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(fleet, name)),
);

const checkout = join(import.meta.dirname, "../..");

test("every kind of file has a schema", () => {
  expect(jsonSchemas().size).toBe(10);
});

describe.each(yamlFiles)("%s", (name) => {
  const file = join(import.meta.dirname, "../../inventory", name);
  const text = readFileSync(file, "utf8");
  const named = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1];
  const schemaFile = relative(checkout, resolve(dirname(file), named ?? ""));
  const schema = () => z.fromJSONSchema(JSON.parse(jsonSchemas().get(schemaFile)!));

  test("names the schema of its kind in its first line, and an editor accepts it", () => {
    expect([...jsonSchemas().keys()]).toContain(schemaFile);
    expect(schema().safeParse(parse(text)).error).toBeUndefined();
  });

  test("an editor marks an unknown key, and a missing one that has no default", () => {
    const data: unknown = parse(text);
    const entry = (Array.isArray(data) ? data[0] : data) as Record<string, unknown>;
    const wrap = (value: unknown): unknown => (Array.isArray(data) ? [value] : value);
    const [first] = Object.keys(entry);
    const { [first!]: _gone, ...rest } = entry;
    expect(schema().safeParse(wrap({ ...entry, colour: "red" })).success).toBe(false);
    // Everything in limits.yaml has a default.
    expect(schema().safeParse(wrap(rest)).success).toBe(file.endsWith("limits.yaml"));
  });
});
