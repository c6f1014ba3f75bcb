import { expect, test } from "vitest";
import { programFinding, rulesWords } from "./program-change.ts";

test("rules whose files differ are named, all of them, whatever hides them among other files", () => {
  const many = ["a", "b", "c", "d", "e", "f"].map((name) => `guard/${name}.ts`);
  const files = [
    ...many,
    "guard/rules/data-kept.ts",
    "components/host/rules/two-disks.ts",
    "policies/data/backup-target.ts",
  ];
  expect(programFinding({ files, digest: "0" }).message).toContain(
    " It changes the rules data-kept, two-disks, backup-target. What it does",
  );
});

test("what no rule is, is not called one", () => {
  expect(rulesWords(["policies/graph/proof.ts", "guard/rules/data-kept.test.ts", "guard/verdict/weigh.ts"])).toBe("");
  expect(rulesWords(["components/host/rules/not-known-yet.ts"])).toBe(" It changes the rule not-known-yet.");
});
