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

/** No valid inventory can break these rules: the loader refuses it with file and line, or the value follows from a number. */
const unreachable = [
  "unique-disk-serial",
  "uid-follows-number",
  "uid-in-range",
  "unique-uid",
  "account-follows-number",
  "unique-slice",
  "limits-set",
  "equal-weights-in-a-plan",
  "address-in-own-prefix",
  "unique-prefix",
  "prefix-inside-site",
  "ranges-apart",
  "unique-address",
  "listens-on-own-address",
  "http-server-follows-number",
  "unique-listen",
  "unique-hostname",
  "paths-inside-home",
  "front-end-ports",
  "unique-account-number",
  "unique-directory",
  "unique-host",
  "references-exist",
];

test("every rule that an inventory can break is broken by a seed", () => {
  const seeded = new Set(Object.values(seeds).flatMap((seed) => seed.rules));
  const missed = [...rules, ...waiverRules].map(({ name }) => name).filter((name) => !seeded.has(name));
  expect(missed.sort()).toEqual(unreachable.toSorted());
});
