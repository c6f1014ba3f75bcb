import { join } from "node:path";
import bcrypt from "bcryptjs";
import { execa } from "execa";
import { expect, test } from "vitest";

const run = (args: readonly string[], input = "") =>
  execa(process.execPath, [join(import.meta.dirname, "visitor-password.ts"), ...args], { input, reject: false });

test("makes another password each time, and prints what fits the inventory", async () => {
  const made = await Promise.all([run(["kim"]), run(["kim"])]);
  const passwords = made.map(({ stderr }) => /shown only now: ([\w-]{20})$/.exec(stderr)![1]!);
  expect(new Set(passwords).size).toBe(2);
  for (const [index, { stdout }] of made.entries()) {
    const [, hash] = /^kim: (\$2b\$05\$\S{53})$/.exec(stdout)!;
    expect(await bcrypt.compare(passwords[index]!, hash!)).toBe(true);
  }
});

test("hashes a password of one's own, and says nothing of it", async () => {
  const { stdout, stderr } = await run(["kim", "--stdin"], "correct horse\nbattery\n");
  expect(await bcrypt.compare("correct horse", stdout.replace("kim: ", ""))).toBe(true);
  expect(stdout + stderr).not.toContain("horse");
});

test("refuses what bcrypt would cut off, and nothing at all", async () => {
  for (const [password, bytes] of [
    ["x".repeat(73), 73],
    ["", 0],
  ] as const) {
    const { exitCode, stdout, stderr } = await run(["kim", "--stdin"], password);
    expect([exitCode, stdout, stderr]).toEqual([
      2,
      "",
      expect.stringContaining(`The password has ${bytes} bytes. Fix: give one of 1 to 72 bytes.`),
    ]);
  }
});
