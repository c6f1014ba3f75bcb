import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { yescrypt } from "../components/access/passwords/password-hash.ts";
import { askTwice, hashPassword } from "./password.ts";

const password = "correct horse battery é";
const command = (input: string, ...words: string[]) =>
  execa(process.execPath, [join(import.meta.dirname, "password.ts"), ...words], { input, reject: false });
const matches = (hash: string, of: string) =>
  execFileSync("perl", ["-e", "print crypt(<STDIN>, $ARGV[0])", hash], { input: of, encoding: "utf8" }) === hash;

test("a line of standard input becomes a yescrypt hash of this password alone, each time with another salt", async () => {
  const { stdout, exitCode } = await command(`${password}\n`);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(new RegExp(`^${yescrypt.source}$`));
  expect([matches(stdout, password), matches(stdout, `${password}x`)]).toEqual([true, false]);
  expect(await hashPassword(password)).not.toBe(stdout);
});

test("a password on the command line is refused, and not repeated", async () => {
  const { stdout, stderr, exitCode } = await command("", password);
  expect([exitCode, stdout, stderr.includes(password)]).toEqual([2, "", false]);
});

test.each([
  ["too short", "hunter2-hun"],
  ["too long", "x".repeat(513)],
  ["of two lines", "correct horse\nbattery staple"],
])("one that is %s is refused", async (_, bad) => {
  const { stdout, stderr, exitCode } = await command(bad);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("12 characters or more");
});

test("typed twice, both must be the same", async () => {
  const typing = (...answers: string[]) => askTwice(async () => answers.shift()!);
  expect(await typing("one", "one")).toBe("one");
  await expect(typing("one", "two")).rejects.toThrow("the two passwords differ");
});
