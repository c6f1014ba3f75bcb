import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { declarationFixture, today } from "../testing/fixtures/fixture.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { rules } from "./rules.generated.ts";

test("every rule has its own name and lies in the list once", () => {
  expect(new Set(rules.map((rule) => rule.name)).size).toBe(rules.length);
});

const checkout = join(import.meta.dirname, "..");
const tests = new Map(
  globSync(["components/*/rules/*.test.ts", "policies/*/*.test.ts"], { cwd: checkout }).map((file) => {
    return [basename(file, ".test.ts"), join(checkout, file)];
  }),
);

// `testRule` demands at least one broken declaration which this rule alone finds, with the exact message. So a rule whose
// check is replaced by one that finds nothing fails its own test, as long as that test exists.
test.each(rules.map(({ name }) => name))("%s has its broken cases beside it", (name) => {
  const test = readFileSync(tests.get(name)!, "utf8");
  const variable = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  expect(test).toContain(`import { ${variable} } from "./${name}.ts";`);
  expect(test).toContain(`testRule(${variable}, {`);
});

test.each(rules.map((rule) => [rule.name, rule] as const))("%s is described in full sentences", (_, rule) => {
  for (const text of [rule.description, rule.reason, rule.fix]) expect(text).toMatch(/^[A-Z].+\.$/s);
});

test("judging is linear: ten times the accounts take far less than a hundred times as long", {
  // Of the clock: on a busy machine a process gets little of it.
  timeout: 600_000,
}, () => {
  const time = (accounts: number) => {
    const declaration = declarationFixture({ hosts: accounts / 100, accounts });
    return Math.min(
      ...Array.from({ length: 3 }, () => {
        // Of this process alone: others take their share of the clock, and not of it.
        const start = process.cpuUsage();
        expect(checkDeclaration(declaration, today)).toEqual([]);
        const { user, system } = process.cpuUsage(start);
        return user + system;
      }),
    );
  };
  time(1000);
  expect(time(10_000)).toBeLessThan(30 * time(1000));
});

test("the pack has the program's version", () => {
  const version = (file: string) =>
    (JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")) as { version: string }).version;
  expect(version("package.json")).toBe(version("../package.json"));
});
