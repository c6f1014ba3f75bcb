import { expect, test } from "vitest";
import { takeoverSeconds } from "./proofs.ts";

test.each([
  ["a record that says what finding the backup took", { find: 2, restore: 100, drill: 4000 }, 124],
  ["one of an older release, with a short drill", { restore: 3, drill: 5 }, 27],
  ["one of an older release, whose drill compared files for an hour", { restore: 100, drill: 3700 }, 220],
])("seconds of a takeover: %s", (_, seconds, expected) => {
  expect(takeoverSeconds(seconds)).toBe(expected);
});
