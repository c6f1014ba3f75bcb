import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findGo } from "./engine.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fairhost-go-"));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A Go that knows nothing but its version. */
function go(version: string, toolchain = "local"): string {
  const path = join(root, `${version}-${toolchain}`);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n%s\\n' ${version} ${toolchain}\n`, { mode: 0o755 });
  return path;
}

it.each([
  ["go1.24", "local"],
  ["go1.26.8", "local"],
  ["go2.0", "local"],
  ["go1.21.0", "auto"],
])("takes %s with GOTOOLCHAIN=%s", async (version, toolchain) => {
  const path = go(version, toolchain);
  expect(await findGo([join(root, "none"), go("go1.19"), path])).toBe(path);
});

it.each([
  ["go1.19.8", "auto"],
  ["go1.23.4", "local"],
])("refuses %s with GOTOOLCHAIN=%s and says what to do", async (version, toolchain) => {
  const path = go(version, toolchain);
  await expect(findGo([path])).rejects.toThrow(`needs Go 1.24 or newer; ${path} is ${version}. Install it (Debian 13`);
});

it("says so when there is none", async () => {
  await expect(findGo([join(root, "none")])).rejects.toThrow("none was found");
});
