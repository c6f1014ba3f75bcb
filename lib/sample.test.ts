import { expect, test } from "vitest";
import { sampleOf } from "./sample.ts";

test("each item can be chosen, none twice, and the list stays as it is", () => {
  const list = Array.from({ length: 10 }, (_, index) => index);
  const seen = new Set<number>();
  for (let tries = 0; tries < 200; tries++) {
    const sample = sampleOf(list, 3);
    expect(new Set(sample).size).toBe(3);
    for (const item of sample) seen.add(item);
  }
  expect([...seen].sort()).toEqual(list);
  expect(list).toHaveLength(10);
  expect(sampleOf(list, 20).sort()).toEqual(list);
  expect(sampleOf([], 3)).toEqual([]);
});
