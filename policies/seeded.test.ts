import { describe, expect, test } from "vitest";
import { declareSeed } from "../testing/inventory/declare-seed.ts";
import { seededToday, seeds, soundChanges } from "../testing/inventory/seeded.cases.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { rules } from "./rules.generated.ts";
import { waiverRules } from "./waivers.ts";

describe("each violation seeded into a copy of the example fleet", () => {
  const golden = new Map<string, string>();

  test.each(Object.entries(seeds))("%s is found by its own rules and no other", async (name, { rules, edit }) => {
    const { declaration, where } = await declareSeed(edit);
    const violations = checkDeclaration(declaration, seededToday);
    expect([...new Set(violations.map(({ rule }) => rule))].sort()).toEqual(rules.toSorted());
    const lines = violations.map(({ rule, subject: { kind, name, path }, message }) => {
      return `${rule}: ${where(kind, name, path) ?? `${kind} ${path}`}: ${message}`;
    });
    golden.set(name, lines.join("\n"));
  });

  test("the messages are the golden ones, no two seeds have the same, and there are at least 40", async () => {
    expect(golden.size).toBe(Object.keys(seeds).length);
    expect(golden.size).toBeGreaterThanOrEqual(40);
    expect(new Set(golden.values()).size).toBe(golden.size);
    const text = [...golden].map(([name, found]) => `== ${name}\n${found}\n`).join("\n");
    await expect(text).toMatchFileSnapshot("seeded.golden.txt");
  });
});

test.each(Object.entries(soundChanges))(
  "nothing is found in the example fleet with a sound change: %s",
  async (_, edit) => {
    const { declaration } = await declareSeed(edit);
    expect(checkDeclaration(declaration, seededToday)).toEqual([]);
  },
);

test("every rule is broken by a seed, or says why no inventory that loads can break it", () => {
  const seeded = new Set(Object.values(seeds).flatMap((seed) => seed.rules));
  const all = [...rules, ...waiverRules];
  const without = all.filter(({ name, unreachable }) => !seeded.has(name) && unreachable === undefined);
  expect(
    without.map(({ name }) => name),
    "add a seed, or say `unreachable` in the rule",
  ).toEqual([]);
  const wrong = all.filter(({ name, unreachable }) => seeded.has(name) && unreachable !== undefined);
  expect(
    wrong.map(({ name }) => name),
    "`unreachable`, but a seed breaks it",
  ).toEqual([]);
});
