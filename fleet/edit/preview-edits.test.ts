import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applyPatch } from "diff";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { editFleet, previewEdits } from "./edit.ts";
import { type Edit, editSchema, editsSchema } from "./edit-schema.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-edit-"));
  cpSync(join(import.meta.dirname, "../../inventory/lab"), directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Text of each file of the inventory. */
const everything = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => [name, readFileSync(join(directory, name), "utf8")]),
  );

const erin = { number: 5, name: "erin", plan: "small", host: "web1" };
const edits: readonly Edit[] = [
  { op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: 300 },
  { op: "create", file: "accounts/5-erin.yaml", content: erin },
  { op: "remove", file: "accounts/4-dave.yaml" },
  { op: "set", file: "tombstones.yaml", path: [0], value: { number: 4, name: "dave", deleted: "2026-11-26" } },
];

describe("a dry run", () => {
  test("writes nothing, and returns the fleet that the edits would give", () => {
    const before = everything();
    const { problems, loaded } = previewEdits(directory, edits);
    expect(problems).toEqual([]);
    expect(everything()).toEqual(before);
    expect(loaded?.fleet).toEqual(editFleet(directory, edits).fleet);
  });

  test("shows each file that would change with its diff, and no other", () => {
    const { files } = previewEdits(directory, edits);
    expect(files.map(({ file }) => file)).toEqual([
      "accounts/4-dave.yaml",
      "accounts/5-erin.yaml",
      "plans/small.yaml",
      "tombstones.yaml",
    ]);
    expect(files[1]!.diff).toBe(`--- /dev/null
+++ b/accounts/5-erin.yaml
@@ -0,0 +1,4 @@
+number: 5
+name: erin
+plan: small
+host: web1
`);
    expect(files[0]!.diff).toMatch(/^--- a\/accounts\/4-dave\.yaml\n\+\+\+ \/dev\/null\n@@ -1,\d+ \+0,0 @@\n(-.*\n)+$/);
    expect(files[2]!.diff).toMatch(/\n-tasksMax: \d+\n\+tasksMax: 300\n/);
  });

  test("the diffs are what an edit writes: applied to the old files they give the new ones", () => {
    const before = everything();
    const { files } = previewEdits(directory, edits);
    editFleet(directory, edits);
    const after = everything();
    const patched = files.map(({ file, diff }) => [file, applyPatch(before[file] ?? "", diff)]);
    expect(patched).toEqual(files.map(({ file }) => [file, after[file] ?? ""]));
    const others = Object.keys({ ...before, ...after }).filter((name) => !files.some(({ file }) => file === name));
    for (const name of others) expect(after[name]).toBe(before[name]);
  });

  test("a value that is there already changes no file", () => {
    const { tasksMax } = previewEdits(directory, []).loaded!.fleet.plans[0]!;
    const same: Edit = { op: "set", file: "plans/small.yaml", path: ["tasksMax"], value: tasksMax };
    expect(previewEdits(directory, [same])).toMatchObject({ files: [], problems: [] });
  });

  test("returns every problem of the fleet that the edits would give, beside the diffs", () => {
    const { files, problems, loaded } = previewEdits(directory, [
      { op: "set", file: "accounts/1-alice.yaml", path: ["plan"], value: "smal" },
      { op: "set", file: "accounts/2-bob.yaml", path: ["colour"], value: "red" },
    ]);
    expect(loaded).toBeUndefined();
    expect(files.map(({ file }) => file)).toEqual(["accounts/1-alice.yaml", "accounts/2-bob.yaml"]);
    expect(problems).toMatchObject([
      { file: "accounts/2-bob.yaml", path: "colour", message: 'unknown key "colour"' },
      {
        file: "accounts/1-alice.yaml",
        path: "plan",
        message: 'there is no plan "smal"',
        fix: 'did you mean "small"? (known: small)',
      },
    ]);
  });

  test("returns every edit that is impossible", () => {
    const { files, problems } = previewEdits(directory, [
      { op: "create", file: "accounts/1-alice.yaml", content: erin },
      { op: "remove", file: "accounts/9-nobody.yaml" },
      { op: "unset", file: "accounts/1-alice.yaml", path: ["standby"] },
    ]);
    expect(files).toEqual([]);
    expect(problems.map(({ file, message }) => `${file}: ${message}`)).toEqual([
      "accounts/1-alice.yaml: the file exists already",
      "accounts/9-nobody.yaml: there is no such file",
      "accounts/1-alice.yaml: there is no such property",
    ]);
  });
});

describe("the form of edits", () => {
  /** What is wrong with input that is no list of edits, such as the body of a request. */
  const wrong = (input: unknown): string[] => {
    const { files, problems } = previewEdits(directory, input as readonly Edit[]);
    expect(files).toEqual([]);
    expect(() => editFleet(directory, input as readonly Edit[])).toThrow(problems[0]?.message);
    return problems.map(({ path, message, fix }) => `${path}: ${message}; ${fix}`);
  };

  test("every mistake of every edit is told at once, with its place and what to do", () => {
    expect(
      wrong([
        { op: "sett", file: "network.yaml", path: ["asNumber"], value: 1 },
        { op: "set", file: "accounts/../../etc/passwd", path: [], colour: "red" },
        { op: "create", file: "network.yaml" },
        { op: "unset", path: [true, -1] },
        "remove everything",
      ]),
    ).toEqual([
      '0.op: got "sett", expected one of set, unset, create, remove; did you mean "set"?',
      '1.file: got "accounts/../../etc/passwd", expected a file of an inventory, such as network.yaml or accounts/1204-alice.yaml; correct it. File of the inventory, relative to the fleet\'s directory: accounts/1204-alice.yaml.',
      "1.path: got 0 entries, expected at least 1; make it longer. Keys and list positions that lead to the property.",
      '1.value: "value" is missing; add it: a value. New value of the property.',
      '1.colour: unknown key "colour"; remove it (known: op, file, path, value)',
      '2.content: "content" is missing; add it: a value. Content of the file, as plain data.',
      '3.file: "file" is missing; add it: text. File of the inventory, relative to the fleet\'s directory: accounts/1204-alice.yaml.',
      "3.path.0: got true, expected the name of a key, or the position in a list, from 0; correct it",
      "3.path.1: got -1, expected at least 0; write a number that is at least 0",
      '4: got the text "remove everything", expected a map of keys and values; write a map of keys and values',
    ]);
  });

  test.each([
    [undefined, "0: got nothing"],
    [null, "0: got nothing"],
    ["edits", ': got the text "edits", expected a list'],
    [{}, ": got a map, expected a list"],
  ])("%j is no list of edits", (input, message) => {
    expect(wrong(input)).toEqual([expect.stringContaining(message)]);
  });

  test("more edits than are taken at once", () => {
    const many = Array.from({ length: 10_001 }, () => ({ op: "remove", file: "accounts/1-alice.yaml" }));
    expect(wrong(many)).toEqual([": got 10001 entries, expected at most 10000; make it shorter"]);
  });
});

describe("a server's OpenAPI description", () => {
  test("follows from the schema: one form for each operation, told apart by `op`", () => {
    const schema = z.toJSONSchema(editsSchema, { io: "input" });
    const { oneOf } = schema.items as { oneOf: z.core.JSONSchema.ObjectSchema[] };
    expect(oneOf.map(({ properties, required }) => [properties!.op, required])).toEqual([
      [{ type: "string", const: "set" }, ["op", "file", "path", "value"]],
      [{ type: "string", const: "unset" }, ["op", "file", "path"]],
      [{ type: "string", const: "create" }, ["op", "file", "content"]],
      [{ type: "string", const: "remove" }, ["op", "file"]],
    ]);
    for (const { description, additionalProperties, properties } of oneOf) {
      expect(additionalProperties).toBe(false);
      const { op, ...others } = properties as Record<string, { description?: string }>;
      for (const text of [description, ...Object.values(others).map((each) => each.description)])
        expect(text).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("says which files there are, as the loader does", () => {
    const { oneOf } = z.toJSONSchema(editSchema, { io: "input" }) as { oneOf: z.core.JSONSchema.ObjectSchema[] };
    const { pattern } = oneOf[0]!.properties!.file as { pattern: string };
    for (const file of Object.keys(everything())) expect(file).toMatch(new RegExp(pattern));
    for (const file of [
      "x.yaml",
      "accounts/../x.yaml",
      "accounts/a/b.yaml",
      "known_hosts",
      "/network.yaml",
      "network.yaml\n",
    ])
      expect(file).not.toMatch(new RegExp(pattern));
  });
});
