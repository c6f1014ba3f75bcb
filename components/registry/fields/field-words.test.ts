import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { number, text } from "../../inputs.ts";
import { differences } from "../change.ts";
import type { FileKind } from "../file.ts";
import { fileKinds } from "../files.generated.ts";
import { allKinds } from "../subject.ts";
import { classedFields } from "./field-changes.ts";
import { called, fieldAt } from "./field-words.ts";

/** Every schema whose fields are told in sentences. */
const told = [
  ...allKinds.map(({ inputs }) => inputs),
  ...Object.values<FileKind>(fileKinds).flatMap(({ schema, judged }) => (judged === "itself" ? schema : [])),
];

const root = join(import.meta.dirname, "../../..");
const prose = globSync(["README.md", "docs/*.md", "docs/{how-to/*,decisions}/*.md"], { cwd: root }).map((file) =>
  readFileSync(join(root, file), "utf8").replaceAll(/^```[\s\S]*?^```/gm, ""),
);
const descriptions = [...told, ...Object.values<FileKind>(fileKinds).map(({ schema }) => schema)].map((schema) =>
  JSON.stringify(z.toJSONSchema(schema, { unrepresentable: "any" }), (key, value) => (key === "$schema" ? "" : value)),
);

/** Words of the documentation and of what fields are described by; a name in backquotes is none. */
const known = new Set(
  [
    ...prose,
    ...descriptions.flatMap((text) => [...text.matchAll(/"description":"((?:\\.|[^"])*)"/g)].map(([, own]) => own!)),
  ]
    .flatMap((text) => text.replaceAll(/`[^`]*`/g, "").match(/[A-Za-z0-9]+/g) ?? [])
    .map((word) => word.toLowerCase()),
);

/** Fields that sentences could only call by their key: a word of the name is none, and no other words are registered. */
function wordless(schema: z.ZodType): string[] {
  return classedFields(schema).flatMap(({ path }) => {
    const steps = path.split(".").filter((step) => step !== "*" && !Object.hasOwn(called, step));
    const unknown = fieldAt(...steps)
      .words.split(" ")
      .some((word) => word !== "" && !known.has(word.toLowerCase()));
    return unknown ? [path] : [];
  });
}

test("every field of every kind and file has words; a key that is no word needs some in field-words.ts", () => {
  expect([...new Set(told.flatMap(wordless))]).toEqual([]);
  const added = z.strictObject({
    name: text,
    retentionDays: number,
    maxRps: number,
    way: z.strictObject({ addr: text }),
  });
  expect(wordless(added)).toEqual(["maxRps", "way.addr"]);
});

test("no words are registered for a field that is gone", () => {
  const names = new Set(told.flatMap((schema) => classedFields(schema).flatMap(({ path }) => path.split("."))));
  expect(Object.keys(called).filter((name) => !names.has(name))).toEqual([]);
});

test.each([
  [["idleSeconds"], "idle seconds", ""],
  [["limits", "memoryMaxMb"], "memory", " MiB"],
  [["guaranteed", "memoryMb"], "guaranteed memory", " MiB"],
  [["backup", "retentionDays"], "backup retention days", ""],
  [["trimPath"], "path prefix removed from requests", ""],
  [["links", "eth0.100", "switchPort"], "links eth0.100 switch port", ""],
  [["environment", "QUEUE"], "environment QUEUE", ""],
])("%j", (steps, words, unit) => expect(fieldAt(...steps)).toEqual({ words, unit }));

test("a value whose name has dots itself is told as well", () => {
  const change = { paths: ["ini.date.timezone", "ini.memory_limit"], untold: [] };
  const [before, after] = [{ ini: { memory_limit: "1M" } }, { ini: { "date.timezone": "UTC", memory_limit: "2M" } }];
  expect(differences({ ...change, before, after } as never)).toBe(
    'php.ini date.timezone none to "UTC", php.ini memory_limit "1M" to "2M"',
  );
});

test("words of a list that are not told have no positions, and are one change", () => {
  const paths = ["command.0", "command.2", "environment.KEY"];
  const before = { command: ["a", "b", "c"], environment: { KEY: "1" } };
  const after = { command: ["x", "b", "y"], environment: { KEY: "2" } };
  expect(differences({ paths, untold: paths, before, after } as never)).toBe("command, environment KEY");
});
