import { expect, test } from "vitest";
import { declarationFixture, today } from "../../../testing/fixtures/fixture.ts";
import { changed, testRule } from "../../../testing/test-rule.ts";
import { rangesApart } from "./ranges-apart.ts";

testRule(rangesApart, {
  "a range that is not owned": {
    break: (valid) => changed(valid, "ranges", 3, (range) => ({ ...range, prefix: "198.51.100.0/25" })),
    expect: ["range 198.51.100.0/25 : The range 198.51.100.0/25 of site alpha is not inside an owned range."],
  },
  "a text that is not a range": {
    break: (valid) => changed(valid, "ranges", 3, (range) => ({ ...range, prefix: "somewhere" })),
    expect: ["range somewhere : The range somewhere of site alpha is not inside an owned range."],
  },
  "two sites with overlapping ranges": {
    break: (valid) => changed(valid, "ranges", 4, (range) => ({ ...range, prefix: "2001:db8:1:8000::/49" })),
    expect: [
      "range 2001:db8:1:8000::/49 : The range 2001:db8:1:8000::/49 of site beta overlaps 2001:db8:1::/48 of site alpha.",
    ],
  },
  "owned ranges that overlap": {
    break: (valid) => ({
      ...valid,
      ranges: [...valid.ranges, { prefix: "192.0.2.128/25", version: 4, purpose: "owned" }],
    }),
    expect: ["range 192.0.2.128/25 : The range 192.0.2.128/25 overlaps 192.0.2.0/24."],
  },
});

test("a site may have an owned range as a whole", () => {
  const valid = declarationFixture();
  const whole = { prefix: "192.0.2.0/24", version: 4, site: "alpha", purpose: "front ends" };
  const others = valid.ranges.filter(({ version }) => version === 6);
  expect(rangesApart.check({ ...valid, ranges: [...others, whole] }, today)).toEqual([]);
});
