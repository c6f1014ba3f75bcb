import { expect, test } from "vitest";
import { reviewed, to, valid } from "../../../testing/test-guard-rule.ts";
import { changed } from "../../../testing/test-rule.ts";

test("an incomplete declaration gives an effect, not an error", () => {
  const { level, effects } = reviewed(to(changed(valid, "addresses", 0, () => undefined)));
  expect(level).toBe("blocked");
  expect(effects.map(({ sentence }) => sentence)).toContain(
    "Cannot show everything that changes on h1: account 1 has no address on h1.",
  );
});
