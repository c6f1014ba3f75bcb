import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkout } from "./paths.ts";

/** Shows that the check of imports fails, by files that import what they may not. Cases come from the overrides of biome.json. */
interface Override {
  readonly includes: readonly [string, ...string[]];
  readonly linter: {
    rules: { style: { noRestrictedImports: { options: { patterns: { group: string[]; message: string }[] } } } };
  };
}
const { overrides } = JSON.parse(readFileSync(join(checkout, "biome.json"), "utf8")) as { overrides: Override[] };

/** A file of an override, and files that it may and may not import, by their paths. */
interface Probe {
  readonly file: string;
  readonly message: string;
  readonly refused: readonly string[];
  readonly allowed: readonly string[];
}

const probes = overrides.flatMap(({ includes: [pattern], linter }): Probe[] => {
  const [{ group, message }] = linter.rules.style.noRestrictedImports.options.patterns as [
    { group: string[]; message: string },
  ];
  const plain = (each: string) => each.replace(/^!?(?:\*\*\/|(?:\.\.\/)+)/, "");
  const file = (each: string) => each.replace(/\/\*\*$/, "/probe.ts").replaceAll("*", "probe");
  const named = (isAllowed: boolean) =>
    group
      .filter((each) => each.startsWith("!") === isAllowed)
      .map(plain)
      .map(file);
  const any = pattern.replace(/\*\*$/, "**/*.ts");
  const places = any.includes("**/") ? [any.replace("**/", ""), any.replace("**/", "*/")] : [any];
  return places.map((place) => ({
    file: file(place),
    message,
    refused: [...new Set(named(false))],
    allowed: named(true),
  }));
});

let directory = "";
/** What the linter says, by file. */
const found = new Map<string, { message: string; category: string; line: number }[]>();

function write(file: string, imports: readonly string[]): void {
  const lines = imports.map((path, index) => {
    const relative = posix.relative(posix.dirname(file), path);
    return `export { a as a${index} } from "${relative.startsWith(".") ? relative : `./${relative}`}";\n`;
  });
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), lines.join(""));
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "imports-"));
  cpSync(join(checkout, "biome.json"), join(directory, "biome.json"));
  symlinkSync(join(checkout, "node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, ".gitignore"), "node_modules\n");
  await execa("git", ["init", "--quiet"], { cwd: directory });
  for (const { file, refused, allowed } of probes) {
    write(file, [...refused, ...allowed]);
    write(file.replace(/\.ts$/, ".test.ts"), refused);
  }
  write("fleet/cycle/one.ts", ["fleet/cycle/two.ts"]);
  write("fleet/cycle/two.ts", ["fleet/cycle/one.ts"]);
  const lint = ["lint", "--reporter=json", "--max-diagnostics=none", "."];
  const { stdout, exitCode } = await execa(join(checkout, "node_modules/.bin/biome"), lint, {
    cwd: directory,
    reject: false,
  });
  expect(exitCode).toBe(1);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { message: string; category: string; location: { path: string; start: { line: number } } }[];
  };
  for (const { message, category, location } of diagnostics)
    found.set(location.path, [...(found.get(location.path) ?? []), { message, category, line: location.start.line }]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(probes)("$file", ({ file, message, refused }) => {
  test(`may not import ${refused.length} folders, and is told why`, () => {
    const said = (found.get(file) ?? []).filter(({ category }) => category === "lint/style/noRestrictedImports");
    expect(said.map((each) => each.message)).toEqual(refused.map(() => message));
    expect(said.map(({ line }) => line).sort((left, right) => left - right)).toEqual(
      refused.map((_, index) => index + 1),
    );
  });

  test("its tests may", () => {
    expect(found.get(file.replace(/\.ts$/, ".test.ts")) ?? []).toEqual([]);
  });
});

// The other direction, by hand: an arrow that is no longer in biome.json has no case above.
test.each([
  ["lib", "components"],
  ["components", "stacks"],
  ["components", "fleet"],
  ["components", "policies"],
  ["components", "host"],
  ["components", "lab"],
  ["fleet", "stacks"],
  ["fleet", "policies"],
  ["policies", "stacks"],
  ["policies", "fleet"],
  ["host", "guard"],
  ["delivery", "guard"],
  ["stacks", "guard"],
  ["guard", "cli"],
  ["toolchain", "components"],
  ["lab", "guard"],
  ["probe", "testing"],
])("no arrow goes from %s/ to %s/", (from, to) => {
  const places = probes.filter(({ file }) => file.startsWith(`${from}/`));
  expect(places.length).toBeGreaterThan(0);
  for (const { refused } of places) expect(refused).toContain(`${to}/probe.ts`);
});

test("a folder that biome.json does not name may import all but testing/", () => {
  const folders = new Set(
    globSync("*/**/*.ts", { cwd: checkout, exclude: ["node_modules/**", ".*/**"] }).map((file) => file.split("/")[0]!),
  );
  // Of one that is gone, its arrows go too.
  for (const name of probes.map(({ file }) => file.split("/")[0]!.replace(/\.ts$/, "")))
    expect([...folders, "probe"]).toContain(name);
  expect(probes.find(({ file }) => file === "probe/probe.ts")?.refused).toEqual(["testing/probe.ts"]);
});

test("a cycle is refused at both of its ends", () => {
  for (const file of ["fleet/cycle/one.ts", "fleet/cycle/two.ts"])
    expect(found.get(file)).toEqual([
      { message: "This import is part of a cycle.", category: "lint/suspicious/noImportCycles", line: 1 },
    ]);
});
