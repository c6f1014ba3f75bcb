import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { environment, homePath, number, text } from "../../inputs.ts";
import { unseenIn, valuesOf } from "./schema-walk.ts";

describe("the walk follows every form of schema", () => {
  test.each<[string, z.ZodType, unknown, readonly string[]]>([
    ["a value that may be null", homePath().nullable(), "a", ["a"]],
    ["one that is null", homePath().nullable(), null, []],
    ["a default, read-only", homePath().default("www").readonly(), "a", ["a"]],
    ["a value with another for what is wrong", homePath().catch("www"), "a", ["a"]],
    ["what comes out of a pipe", z.pipe(text, homePath()), "a", ["a"]],
    ["an array", z.array(homePath()), ["a", "b"], ["0 a", "1 b"]],
    ["a tuple", z.tuple([number, homePath()]), [1, "b"], ["1 b"]],
    ["a record", z.record(text, homePath()), { x: "a", y: "b" }, ["x a", "y b"]],
    ["records in records", z.record(z.enum(["x"]), z.record(text, homePath())), { x: { y: "b" } }, ["x.y b"]],
    ["a union", z.union([z.literal("."), homePath()]), "a", ["a"]],
    ["a union of forms", z.union([homePath(), z.array(homePath())]), ["a"], [" a", "0 a"]],
    [
      "an intersection",
      z.intersection(z.object({ a: homePath() }), z.object({ b: homePath() })),
      { a: "1", b: "2" },
      ["a 1", "b 2"],
    ],
    [
      "objects in all of these",
      z.array(z.strictObject({ a: homePath().nullable() })).exactOptional(),
      [{ a: "1" }],
      ["0.a 1"],
    ],
  ])("%s", (_, schema, data, expected) => {
    const found = [...valuesOf(schema, data, "home path")].map(({ path, value }) => `${path} ${value}`.trim());
    expect(found).toEqual(expected.map((each) => each.trim()));
    expect(unseenIn(schema)).toEqual([]);
  });
});

describe("what rules could not see is refused", () => {
  test.each<[string, z.ZodType, string]>([
    ["a free text", z.strictObject({ docroot: z.string() }), "docroot is text without a meaning"],
    [
      "a free text that is described",
      z.strictObject({ docroot: z.string().max(9).describe("x") }),
      "docroot is text without a meaning",
    ],
    ["free text in a record", z.strictObject({ vars: z.record(text, z.string()) }), "vars.* is text without a meaning"],
    [
      "free names of a record",
      z.strictObject({ vars: z.record(z.string(), number) }),
      "vars has names of a record: is text without a meaning",
    ],
    ["paths as names of a record", z.record(homePath(), number), " has names of a record: home path"],
    ["a free text that may be null, in a list", z.array(z.string().nullable()), "* is text without a meaning"],
    ["a free text in a tuple", z.tuple([number, z.string()]), "1 is text without a meaning"],
    ["one branch of a union", z.union([homePath(), z.strictObject({ a: z.string() })]), "a is text without a meaning"],
    ["a free text that comes out of a pipe", z.pipe(homePath(), z.string()), " is text without a meaning"],
    [
      "a transformation",
      z.strictObject({ a: z.string().transform(String) }),
      "a has a schema that no rule can follow (transform)",
    ],
    ["further keys", z.looseObject({}), " has a schema that no rule can follow (object)"],
    ["further items", z.tuple([number], z.string()), " has a schema that no rule can follow (tuple)"],
    ["anything", z.strictObject({ a: z.any() }), "a has a schema that no rule can follow (any)"],
    ["a schema that is made later", z.lazy(() => text), " has a schema that no rule can follow (lazy)"],
    ["a custom schema", z.custom<string>(), " has a schema that no rule can follow (custom)"],
    ["a map", z.map(text, text), " has a schema that no rule can follow (map)"],
    [
      "a place with two meanings",
      z.discriminatedUnion("kind", [
        z.strictObject({ kind: z.literal("a"), at: homePath(), same: text }),
        z.strictObject({ kind: z.literal("b"), at: text, same: text }),
      ]),
      "at means home path in one of its forms and text in another: name one of them otherwise",
    ],
  ])("%s", (_, schema, expected) => {
    expect(unseenIn(schema)).toEqual([expected]);
  });

  test("variables that are registered as such are seen", () => {
    expect(unseenIn(z.strictObject({ vars: environment() }))).toEqual([]);
  });
});

test("the registry does not load with a kind that has such a schema", async () => {
  vi.resetModules();
  vi.doMock("../kinds.generated.ts", async (original) => {
    const { kinds } = await original<typeof import("../kinds.generated.ts")>();
    const inputs = z.strictObject({ docroot: z.string(), vars: z.record(z.enum(["A"]), z.string()) });
    return { kinds: { ...kinds, sites: { ...kinds.sites, inputs } } };
  });
  await expect(import("../subject.ts")).rejects.toThrow(
    "sites: docroot is text without a meaning\n  sites: vars.* is text without a meaning\n",
  );
  vi.doUnmock("../kinds.generated.ts");
});
