import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkDeclaration } from "./check-declaration.ts";
import { declarationFixture, today } from "./fixture.ts";
import { ruleFolders, rules } from "./rules.ts";

test("every rule has its own name and lies in the list once", () => {
  expect(new Set(rules.map((rule) => rule.name)).size).toBe(rules.length);
});

test.each(Object.entries(ruleFolders))("%s: every rule file is in the list, and no other", (folder, listed) => {
  const files = readdirSync(new URL(folder, import.meta.url))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .map((file) => file.slice(0, -".ts".length));
  expect(files.sort()).toEqual(listed.map((rule) => rule.name).sort());
});

// `testRule` demands at least one broken declaration which this rule alone finds, with the exact message. So a rule whose
// check is replaced by one that finds nothing fails its own test, as long as that test exists.
test.each(
  Object.entries(ruleFolders).flatMap(([folder, listed]) => listed.map((rule) => [folder, rule.name] as const)),
)("%s/%s has its broken cases beside it", (folder, name) => {
  const test = readFileSync(new URL(`${folder}/${name}.test.ts`, import.meta.url), "utf8");
  const variable = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  expect(test).toContain(`import { ${variable} } from "./${name}.ts";`);
  expect(test).toContain(`testRule(${variable}, {`);
});

test.each(rules.map((rule) => [rule.name, rule] as const))("%s is described in full sentences", (_, rule) => {
  for (const text of [rule.description, rule.reason, rule.remediation]) expect(text).toMatch(/^[A-Z].+\.$/s);
});

test("judging is linear: ten times the accounts take far less than a hundred times as long", () => {
  const time = (accounts: number) => {
    const declaration = declarationFixture({ hosts: accounts / 100, accounts });
    return Math.min(
      ...Array.from({ length: 3 }, () => {
        const start = performance.now();
        expect(checkDeclaration(declaration, today)).toEqual([]);
        return performance.now() - start;
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
