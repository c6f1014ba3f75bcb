import { expect, test } from "vitest";
import { between, reviewed, to, valid } from "../../../testing/test-guard-rule.ts";
import { changed } from "../../../testing/test-rule.ts";

test("an incomplete declaration gives an effect, not an error", () => {
  const { level, effects } = reviewed(to(changed(valid, "addresses", 0, () => undefined)));
  expect(level).toBe("blocked");
  expect(effects.map(({ sentence }) => sentence)).toContain(
    "Cannot show everything that changes on h1: account 1 has no address on h1.",
  );
});

test("limits of an account's own are called by their words", () => {
  const having = (...ownLimits: string[]) => changed(valid, "accounts", 0, (account) => ({ ...account, ownLimits }));
  const { effects } = reviewed(between(having("diskGb", "memoryMaxMb"), having("cpuWeight", "diskGb")));
  const sentences = effects.map(({ sentence }) => sentence).join("\n");
  expect(sentences).toContain("CPU weight added; memory removed, so those of its plan hold.");
  expect(sentences).not.toMatch(/cpuWeight|memoryMaxMb/);
});
