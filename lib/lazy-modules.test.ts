import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { putOff } from "./lazy-modules.ts";

const require = createRequire(import.meta.url);

test("a lazy module is loaded at the first access", () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-lazy-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const path = join(directory, "module.cjs");
  writeFileSync(
    path,
    "globalThis.fairhostLoads = (globalThis.fairhostLoads ?? 0) + 1; module.exports = { answer: 42 };",
  );
  const loads = () => Reflect.get(globalThis, "fairhostLoads");

  expect(putOff([path, join(directory, "none.cjs")], require)).toEqual([path]);
  expect(putOff([path], require), "a second time").toEqual([]);
  const module = require(path);
  expect(module.__esModule).toBe(true);
  expect(loads()).toBeUndefined();
  expect(module.answer).toBe(42);
  expect(module.default.answer, "as a compiled default import asks for it").toBe(42);
  expect(require(path)).toEqual({ answer: 42 });
  expect(loads()).toBe(1);
});

test("SDK functions that need the lazy modules still work", async () => {
  const pulumi = await import("@pulumi/pulumi");
  const answer = 42;
  const { text } = await pulumi.runtime.serializeFunction(() => answer);
  expect(text).toContain("42");
});
