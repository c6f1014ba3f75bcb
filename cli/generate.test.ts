import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkout } from "../toolchain/paths.ts";
import { generated } from "./generate.ts";

const files = await generated();

test.each([...files])("%s is up to date; if not: npm run generate", (file, text) => {
  expect(readFileSync(join(checkout, file), "utf8")).toBe(text);
});

test("registries, JSON Schemas and reference pages are all there", () => {
  const some = ["policies/rules.generated.ts", "inventory/json-schemas/account.schema.json"];
  expect([...files.keys()]).toEqual(expect.arrayContaining(some));
  expect([...files.keys()].filter((file) => /^docs\/.*\.md$/.test(file)).length).toBeGreaterThanOrEqual(4);
});
