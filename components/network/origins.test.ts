import { expect, test } from "vitest";
import { roasSchema } from "./origins.ts";

test("an entry of `roas` that cannot mean anything is refused where it stands", () => {
  const entry = { prefix: "2620:4f:9000::/44", asNumber: 64_496 };
  const problems = (...all: object[]) =>
    roasSchema.safeParse(all).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(problems(entry, { ...entry, maxLength: 44 }, { ...entry, maxLength: 48, asNumber: 0 })).toBeUndefined();
  expect(problems(entry, { ...entry, maxLength: 43 }, { ...entry, prefix: "2620:4f:9000::/49" })).toEqual([
    "1.maxLength: must not be shorter than the prefix",
    "2.prefix: must not be longer than /48, of IPv4 /24: routers refuse any such announcement",
  ]);
  const entry4 = { prefix: "185.31.40.0/22", asNumber: 64_496 };
  expect(problems(entry4, { ...entry4, maxLength: 24 })).toBeUndefined();
  expect(
    problems({ ...entry4, maxLength: 33 }, { ...entry4, maxLength: 21 }, { ...entry4, prefix: "185.31.40.0/25" }),
  ).toEqual([
    "0.maxLength: must not be longer than an IPv4 address: 32",
    "1.maxLength: must not be shorter than the prefix",
    "2.prefix: must not be longer than /48, of IPv4 /24: routers refuse any such announcement",
  ]);
  expect(problems({ ...entry4, prefix: "185.31.41.0/22" })).toEqual([
    "0.prefix: must be a prefix with zero host bits, such as 2620:4f:8000::/48 or 185.31.40.0/22",
  ]);
});
