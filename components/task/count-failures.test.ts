import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const unit = "account-1-task-clean";

test.each([
  ["none yet", undefined, 1],
  ["a whole one", "2 exit-code 1 2026-11-27T00:00:00Z\n", 3],
  ["an empty one", "", 1],
  ["one without an end", "2", 3],
  ["another text", "x\n", 1],
  ["digits of another kind", "08 exit-code\n", 1],
  ["zeros", "\0\0\0\0", 1],
])("failures are counted on, or anew from a damaged file: %s", (_what, text, count) => {
  const root = mkdtempSync(join(tmpdir(), "fairhost-count-"));
  try {
    mkdirSync(join(root, "current/systemd"), { recursive: true });
    mkdirSync(join(root, "state"));
    writeFileSync(join(root, `current/systemd/${unit}.service`), "");
    if (text !== undefined) writeFileSync(join(root, "state", unit), text);
    const script = readFileSync(join(import.meta.dirname, "count-failures.sh"), "utf8");
    const here = script.replaceAll("/var/lib/fairhost/", `${root}/`);
    const env = { PATH: process.env.PATH, STATE_DIRECTORY: join(root, "state") };
    execFileSync("sh", ["-s", "failed", unit], { input: here, env, stdio: ["pipe", "ignore", "inherit"] });
    expect(readFileSync(join(root, "state", unit), "utf8")).toMatch(new RegExp(`^${count} unknown - \\d{4}-`));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
