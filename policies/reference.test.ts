import { expect, test } from "vitest";
import { packRules } from "./pack/judge.ts";
import { isCurrent, policyReference } from "./reference.ts";
import { waiversNeededText } from "./waivers.ts";

test("docs/policies.md is what the rules say (else run `node policies/reference.ts`)", () => {
  expect(isCurrent()).toBe(true);
});

test("every rule of the pack is in it once", () => {
  const named = [...policyReference().matchAll(/^### (.+)$/gm)].map(([, name]) => name);
  expect(named.sort()).toEqual([...packRules, waiversNeededText].map(({ name }) => name).sort());
});
