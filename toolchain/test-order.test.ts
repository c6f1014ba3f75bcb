import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { long } from "./test-order.ts";

test.each(long)("%s, which comes first, is there", (file) => {
  expect(existsSync(join(import.meta.dirname, "..", file))).toBe(true);
});
