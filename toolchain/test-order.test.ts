import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { labs, long } from "./test-order.ts";

test.each([...labs, ...long])("%s, which comes first, is there", (file) => {
  expect(existsSync(join(import.meta.dirname, "..", file))).toBe(true);
});
