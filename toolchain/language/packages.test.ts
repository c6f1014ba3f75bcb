import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkout } from "../paths.ts";
import { programDependencies, requiredProviders } from "./packages.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fairhost-packages-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function manifest(path: string, content: object): void {
  const file = join(root, path, "package.json");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}

it("finds the providers of direct dependencies, under the names the engine knows", () => {
  manifest(".", { dependencies: { "@pulumi/command": "1", "@x/y": "1", plain: "1" }, devDependencies: { own: "1" } });
  manifest("node_modules/@pulumi/command", { version: "1.2.1", pulumi: { resource: true } });
  manifest("node_modules/@x/y", { version: "2.0.0", pulumi: { resource: true, server: "https://example.org" } });
  manifest("node_modules/own", { version: "0.1.0", pulumi: { resource: true, name: "mine", version: "v3.0.0" } });
  manifest("node_modules/plain", { version: "1.0.0" });
  expect(requiredProviders(root)).toEqual([
    { name: "command", version: "v1.2.1", server: "" },
    { name: "x/y", version: "v2.0.0", server: "https://example.org" },
    { name: "mine", version: "v3.0.0", server: "" },
  ]);
});

it("finds the providers that a component package brings, nested or hoisted", () => {
  manifest(".", { dependencies: { components: "1" } });
  manifest("node_modules/components", { version: "1.0.0", pulumi: {}, dependencies: { a: "1", b: "1" } });
  manifest("node_modules/components/node_modules/a", { version: "1.0.0", pulumi: { resource: true } });
  manifest("node_modules/b", { version: "2.0.0", pulumi: { resource: true } });
  expect(requiredProviders(root).map((p) => `${p.name} ${p.version}`)).toEqual(["a v1.0.0", "b v2.0.0"]);
});

it("looks for package.json and packages above a program in a sub-directory", () => {
  manifest(".", { dependencies: { a: "1" } });
  manifest("node_modules/a", { version: "1.0.0", pulumi: { resource: true } });
  mkdirSync(join(root, "stacks/one"), { recursive: true });
  expect(requiredProviders(join(root, "stacks/one"))).toHaveLength(1);
});

it("lists dependencies with installed versions, on request also theirs, each once", () => {
  manifest(".", { dependencies: { a: "1", absent: "1" } });
  manifest("node_modules/a", { version: "1.0.0", dependencies: { b: "1" } });
  manifest("node_modules/b", { version: "2.0.0", dependencies: { a: "1" } });
  expect(programDependencies(root, false)).toEqual([{ name: "a", version: "1.0.0" }]);
  expect(programDependencies(root, true)).toEqual([
    { name: "a", version: "1.0.0" },
    { name: "b", version: "2.0.0" },
  ]);
});

it("names the file that is not JSON", () => {
  manifest(".", { dependencies: { a: "1" } });
  mkdirSync(join(root, "node_modules/a"), { recursive: true });
  writeFileSync(join(root, "node_modules/a/package.json"), "{");
  expect(() => requiredProviders(root)).toThrow(join(root, "node_modules/a/package.json"));
});

it("finds what this project needs", () => {
  expect(requiredProviders(checkout).map((p) => p.name)).toEqual(["command", "random"]);
});
