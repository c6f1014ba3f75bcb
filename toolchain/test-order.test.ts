import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inOrder, long } from "./test-order.ts";

test.each(long)("%s, which comes early, is there", (file) => {
  expect(existsSync(join(import.meta.dirname, "..", file))).toBe(true);
});

test("long files come first, then the projects are mixed, and each keeps its order", () => {
  const files = (project: string, ...paths: string[]) => paths.map((path) => ({ path, project }));
  const all = [...files("engine", "e1", long[1]!), ...files("it", "i1", "i2", "i3", "i4", long[2]!, long[0]!)];
  const order = inOrder(all).map(({ path }) => path);
  expect(order).toEqual([...long.slice(0, 3), "e1", "i1", "i2", "i3", "i4"]);
  const mixed = inOrder([...files("engine", "e1", "e2"), ...files("it", "i1", "i2", "i3", "i4")]);
  expect(mixed.map(({ path }) => path)).toEqual(["e1", "i1", "i2", "e2", "i3", "i4"]);
});
