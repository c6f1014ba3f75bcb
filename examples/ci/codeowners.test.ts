import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FileKind } from "../../components/registry/file.ts";
import { fileKinds } from "../../components/registry/files.generated.ts";
import { isProgram } from "../../guard/change/base/base.ts";
import { checkoutTree } from "../../testing/references.ts";

const checkout = join(import.meta.dirname, "../..");
const lines = readFileSync(join(import.meta.dirname, "CODEOWNERS"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((line) => line.split(" ") as [pattern: string, owner?: string]);

/** The forms of patterns that the file uses, as both forges read them: `*`, and paths from the top with `*`, `**` and a final `/`. */
function matches(pattern: string, file: string): boolean {
  if (pattern === "*") return true;
  expect(pattern).toMatch(/^\/[A-Za-z0-9._/*-]+$/);
  const parts = { "/**/": "/(?:.*/)?", "*": "[^/]*", ".": "\\." } as const;
  const source = pattern.replaceAll(/\/\*\*\/|\*|\./g, (part) => parts[part as keyof typeof parts]);
  return new RegExp(`^${source}${pattern.endsWith("/") ? "" : "(?:/|$)"}`).test(`/${file}`);
}

/** The owner that the last matching line names; none if that line has none. */
function ownerOf(file: string): string | undefined {
  return lines.findLast(([pattern]) => matches(pattern, file))?.[1];
}

const tracked = [...checkoutTree(checkout).files];

test("every file of the program has an owner, and the rules have those who approve", () => {
  const program = tracked.filter((file) => isProgram(file));
  expect(program).toContain("package.json");
  expect(program.filter((file) => ownerOf(file) === undefined)).toEqual([]);
  const rules = program.filter((file) => /^(?:guard|policies)\/|^components\/.*\/rules\//.test(file));
  expect(new Set(rules.map(ownerOf))).toEqual(new Set(["@example/approvers"]));
});

test.each([
  "package.json",
  ".npmrc",
  "inventory/load.ts",
  "inventory/prod/generate.ts",
  "inventory/prod/accounts/deeper/1.yaml",
  ".github/workflows/review.yaml",
  ".github/CODEOWNERS",
  ".gitlab-ci.yml",
  "Pulumi.prod.yaml",
  "docs/build.ts",
  "a-new-folder/anything",
  "inventory/prod/known_hosts",
])("%s has an owner, whether it is there or not", (file) => {
  expect(ownerOf(file)).toMatch(/^@example\//);
});

test("of a fleet's files, the everyday ones need no owner; each other one needs one", () => {
  const places = Object.values(fileKinds).map(({ path }: FileKind) =>
    path.endsWith("/") ? `inventory/prod/${path}x.yaml` : `inventory/prod/${path}`,
  );
  const free = places.filter((file) => ownerOf(file) === undefined).map((file) => file.slice("inventory/prod/".length));
  expect(free.sort()).toEqual(["accounts/x.yaml", "hosts/x.yaml", "network.yaml", "plans/x.yaml", "sites/x.yaml"]);
});
