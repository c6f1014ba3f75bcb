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

test("an account that moves from a lost host is restored from its backup, and nothing is said of a copy", () => {
  const moved = changed(valid, "accounts", 0, (account) => ({ ...account, host: "h2" }));
  const lost = changed(moved, "hosts", 0, (host) => ({ ...host, lost: "2026-11-27" }));
  const { effects } = reviewed(to(lost));
  expect(effects.find(({ sentence }) => sentence.startsWith("Moves account 1 "))).toMatchObject({
    sentence:
      "Moves account 1 (acme-1) from h1 to h2; uid and number stay. h1 is lost. Its data, up to 10 GB, is restored by `guard deploy` from its newest backup; what came later is lost.",
    destroys: true,
  });
});
