import { expect, test } from "vitest";
import { roasSchema } from "./origins.ts";

test("an entry of `roas` that cannot mean anything is refused where it stands", () => {
  const entry = { prefix: "2620:4f:9000::/44", asNumber: 64_496 };
  const problems = (...all: object[]) =>
    roasSchema.safeParse(all).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(problems(entry, { ...entry, maxLength: 44 }, { ...entry, maxLength: 48, asNumber: 0 })).toBeUndefined();
  expect(problems(entry, { ...entry, maxLength: 43 }, { ...entry, prefix: "2620:4f:9000::/49" })).toEqual([
    "1.maxLength: must not be shorter than the prefix",
    "2.prefix: must not be longer than /48: routers refuse any such announcement",
  ]);
});
