import fc from "fast-check";
import { expect, test } from "vitest";
import { moreThan } from "./more-than.ts";

test("fits exactly the numbers that are larger", () => {
  const near = (limit: number) => [limit - 1, limit, limit + 1, limit * 10, Math.floor(limit / 10)];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(2 ** 40), (limit, any) => {
      const expression = new RegExp(`^${moreThan(limit)}$`);
      for (const number of [any, ...near(limit)]) expect(expression.test(String(number))).toBe(number > limit);
    }),
  );
});
