import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fieldClasses } from "../components/registry/fields/field-class.ts";
import { reviewed } from "../testing/test-guard-rule.ts";
import { guardRules } from "./rules.generated.ts";

const page = readFileSync(join(import.meta.dirname, "../docs/reference/guard-rules.md"), "utf8");

test("every guard rule has its own name", () => {
  expect(new Set(guardRules.map(({ name }) => name)).size).toBe(guardRules.length);
});

test("where nothing changes, no rule finds anything", () => {
  expect(reviewed()).toMatchObject({ level: "safe", findings: [], changes: [], effects: [], hosts: [], waves: [] });
});

test("each class of fields whose changes can take something away is listed by exactly one rule", () => {
  const free = ["behaviour", "text", "derived"];
  const judged = fieldClasses.filter((each) => !free.includes(each));
  expect(guardRules.flatMap(({ lists = [] }) => lists).sort()).toEqual([...judged].sort());
});

describe.each(guardRules.map((rule) => [rule.name, rule] as const))("%s", (name, rule) => {
  // `testGuardRule` demands a change that this rule finds, with the exact message. So a rule that finds nothing any more fails
  // its own test, as long as that test exists.
  test("has its changes beside it", () => {
    const text = readFileSync(join(import.meta.dirname, `rules/${name}.test.ts`), "utf8");
    const variable = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(text).toContain(`import { ${variable} } from "./${name}.ts";`);
    expect(text).toContain(`testGuardRule(${variable}, {`);
  });

  test("says in full sentences what must hold, why, and what to do", () => {
    for (const text of [rule.description, rule.reason, rule.fix]) expect(text).toMatch(/^[A-Z].+\.$/s);
  });

  test("is in the reference", () => {
    expect(page).toContain(`### ${name}\n\n${rule.description}\n\n- Why: ${rule.reason}\n- Fix: ${rule.fix}\n`);
  });
});
