import { expect, test } from "vitest";
import { pageOf } from "../components/rule.ts";
import { packRules } from "./pack/judge.ts";
import { policyReference } from "./reference.ts";
import { waiversNeededText } from "./waivers.ts";

test("every rule of the pack is in it once", () => {
  const named = [...policyReference().matchAll(/^### (.+)$/gm)].map(([, name]) => name);
  const rules = [...packRules, waiversNeededText];
  expect(named.sort()).toEqual(rules.map(({ name }) => name).sort());
  // A heading of one lower-case word with hyphens is its own anchor: what messages link to is there.
  for (const rule of rules)
    expect(pageOf(rule)).toBe(`docs/reference/rules.md#${named.find((name) => name === rule.name)}`);
});
