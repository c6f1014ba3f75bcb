import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { architectureHere, architectures } from "./architectures.ts";

test("what the table says of this machine's architecture is so", () => {
  const here = architectureHere();
  expect(here.debian).toBe(execFileSync("dpkg", ["--print-architecture"], { encoding: "utf8" }).trim());
  for (const path of [here.loader, `/usr/lib/${here.libraries}`, ...here.rootLinks])
    expect(existsSync(path), path).toBe(true);
});

test("each architecture is listed under Debian's name", () => {
  for (const [name, { debian }] of Object.entries(architectures)) expect(debian).toBe(name);
});

test("an unknown architecture is refused, with the known ones", () => {
  const known = Object.values(architectures).map(({ debian, node }) => `${debian} (${node})`);
  // Debian has none of it any more.
  expect(() => architectureHere("mips")).toThrow(
    `this machine's CPU architecture mips is not supported\n  fix: use a machine with one of: ${known.join(", ")}`,
  );
});

test("no other file depends on the architecture, but those that say which a host must have", () => {
  const root = join(import.meta.dirname, "..");
  const files = globSync("**/*.{ts,sh}", {
    cwd: root,
    exclude: ["**/node_modules/**", "**/*.test.ts", "**/*.cases.ts", "testing/requests/**"],
  });
  const words = /amd64|x86[-_]64|i386|arm64|aarch64|riscv64|lib64|\bGOARCH\b/;
  // The field and the input of a host may name its default, and the fixtures of tests a value.
  const ofHost =
    /^(?:components\/host\/(?:hardware\/architecture|host\.file|bare-metal-host\.(?:kind|fixture))|testing\/fixtures\/(?:full-fleet|bundle-fixture))\.ts$/;
  const found = files.filter((file) => words.test(readFileSync(join(root, file), "utf8")));
  expect(found.filter((file) => !ofHost.test(file))).toEqual(["lib/architectures.ts"]);
});
