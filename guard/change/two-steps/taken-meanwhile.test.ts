import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { valid } from "../../../testing/test-guard-rule.ts";
import { takenMeanwhile } from "./taken-meanwhile.ts";

const root = mkdtempSync(join(tmpdir(), "fairhost-taken-"));
const git = async (...args: string[]) =>
  (
    await execa(
      "git",
      ["-c", "user.name=test", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false", ...args],
      { cwd: root },
    )
  ).stdout;
const place = "sub/fleet";
const write = (file: string, text: string) => writeFileSync(join(root, place, file), text);
async function commit(): Promise<string> {
  await git("add", "--all");
  await git("commit", "--quiet", "--allow-empty", "--message", "x");
  return git("rev-parse", "HEAD");
}
let parted = "";

beforeAll(async () => {
  await git("init", "--quiet");
  mkdirSync(join(root, place, "accounts"), { recursive: true });
  write("accounts/1-old.yaml", "number: 1\nname: old\n");
  parted = await commit();
});
afterAll(() => rmSync(root, { recursive: true }));

const account = valid.accounts[0]!;
const ours = (...numbers: number[]) => ({
  before: valid,
  after: {
    ...valid,
    accounts: [...valid.accounts, ...numbers.map((number) => ({ ...account, number, name: "ours" }))],
  },
});
const told = async (given: string, ...numbers: number[]) =>
  (await takenMeanwhile({ root, commit: parted, given, place, changed: [] }, ours(...numbers))).map(
    ({ message }) => message,
  );

test("numbers that the base gave to others or deleted meanwhile are taken, whatever their files are called; its other files are not asked for one by one", async () => {
  for (let number = 20_001; number <= 20_030; number++)
    write(`accounts/${number}-many.yaml`, `number: ${number}\nname: many-ä\n`);
  write("accounts/7001-theirs.yaml", "name: theirs\nnumber: 7001\n");
  write("accounts/zz ü\n.yaml", "number: 7002\nname: odd\n");
  write("accounts/7003-ours.yaml", "number: 7003\nname: ours\n");
  write(
    "tombstones.yaml",
    "- {number: 7004, name: ours, deleted: 2026-11-29}\n- {number: 0x1b5d, name: gone, deleted: 2026-11-29}\n",
  );
  const given = await commit();
  const said = (number: number, whom: string) =>
    `Gives account ${number} (ours) a number that the base has given to ${whom} since this branch parted from it: rebase, and take the next free number.`;
  const trace = join(root, ".git/trace");
  vi.stubEnv("GIT_TRACE2_EVENT", trace);
  const all = await told(given, 7001, 7002, 7003, 7004, 7005, 7006);
  vi.unstubAllEnvs();
  expect(readFileSync(trace, "utf8").match(/"event":"start"/g)!.length).toBeLessThan(6);
  expect(all).toEqual([
    said(7001, "theirs"),
    said(7002, "odd"),
    said(7004, "ours, which is deleted,"),
    said(7005, "gone, which is deleted,"),
  ]);
  expect(await told(parted, 7001)).toEqual([]);
});
