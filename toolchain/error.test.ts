import { join } from "node:path";
import { execa } from "execa";
import { afterEach, expect, test, vi } from "vitest";
import { endings } from "../cli/exit-status.ts";
import { endFailed, ToolchainError } from "./error.ts";

afterEach(() => {
  process.exitCode = undefined;
  vi.restoreAllMocks();
});

test("an expected failure shows its message, another error all of itself; both with the status that every command has", () => {
  const shown = vi.spyOn(console, "error").mockImplementation(() => {});
  endFailed(new ToolchainError("flock is missing: install util-linux"));
  expect([process.exitCode, shown.mock.lastCall]).toEqual([
    endings.failed[0],
    ["flock is missing: install util-linux"],
  ]);
  const broken = new TypeError("x is not a function");
  endFailed(broken);
  expect([process.exitCode, shown.mock.lastCall]).toEqual([endings.broke[0], [broken]]);
});

test.for(["setup.ts", "env.ts"])("%s refuses an option that it does not know, and does nothing", async (name) => {
  for (const word of ["--bogus", "bogus"]) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [join(import.meta.dirname, name), word], {
      reject: false,
    });
    expect([exitCode, stdout, stderr]).toEqual([
      endings["wrong usage"][0],
      "",
      expect.stringMatching(/^error: .*bogus/),
    ]);
    expect(stderr).not.toContain("    at ");
  }
});
