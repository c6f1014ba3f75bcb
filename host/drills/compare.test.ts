import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { compareTrees } from "./compare.ts";

let top: string;
let since: number;
const live = (path = "") => join(top, "live", path);
const restored = (path = "") => join(top, "restored", path);
const compare = (left?: string[]) => compareTrees(restored(), live(), since, left);

beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "fairhost-compare-"));
  mkdirSync(live("sub/deep"), { recursive: true });
  writeFileSync(live("page"), "page");
  writeFileSync(live("sub/deep/note"), "note");
  symlinkSync("/etc", live("etc"));
  cpSync(live(), restored(), { recursive: true, verbatimSymlinks: true });
  // Whatever the granularity of the file system's clock is.
  await sleep(30);
  since = Date.now();
  await sleep(30);
});
afterEach(() => rmSync(top, { recursive: true }));

describe("what has not changed since", () => {
  test("is found the same", async () => {
    expect(await compare()).toEqual({
      ...{ restored: 3, bytes: 8, identical: 3, changedSince: 0, differences: 0, wrong: [] },
    });
  });

  test.each([
    ["another content", () => writeFileSync(restored("sub/deep/note"), "other"), '"sub/deep/note" is not as it was'],
    ["another mode", () => execFileSync("chmod", ["600", restored("page")]), '"page" is not as it was'],
    ["another target", () => execFileSync("ln", ["-sfn", "/root", restored("etc")]), '"etc" is not as it was'],
    ["a file less", () => rmSync(restored("page")), '"page" is missing in the backup'],
    ["a directory less", () => rmSync(restored("sub"), { recursive: true }), '"sub" is missing in the backup'],
    ["a pipe instead", () => execFileSync("sh", ["-c", `rm ${restored("page")}; mkfifo ${restored("page")}`]), "page"],
  ])("is named in a backup with %s", async (_, spoil, expected) => {
    spoil();
    const { wrong, differences } = await compare();
    expect([wrong, differences]).toEqual([[expect.stringContaining(expected)], 1]);
  });

  test("is not looked at where somebody says so", async () => {
    rmSync(restored("sub"), { recursive: true });
    expect(await compare(["sub"])).toMatchObject({ restored: 2, differences: 0 });
  });
});

test("what has changed since says nothing: written, new, removed, renamed with its directory", async () => {
  writeFileSync(live("page"), "later");
  writeFileSync(live("new"), "new");
  rmSync(live("etc"));
  renameSync(live("sub/deep"), live("sub/other"));
  mkdirSync(live("sub/deep"));
  writeFileSync(join(top, "note"), "another");
  expect(await compare()).toMatchObject({ restored: 3, identical: 0, changedSince: 3, differences: 0 });
});

/** A program that has mapped a file, and writes there twice: before it says so and once it is told. */
const mapping = `import mmap, sys
with open(sys.argv[1], "r+b") as file:
    map = mmap.mmap(file.fileno(), 0)
    map[0:1] = b"1"
    print("once", flush=True)
    sys.stdin.read(1)
    map[0:1] = b"2"
    print("twice", flush=True)
    sys.stdin.read(1)
`;

test("what a program goes on writing to a file that it has mapped says nothing, although no time tells it", async () => {
  const program = spawn("python3", ["-c", mapping, live("page")], { stdio: ["pipe", "pipe", "inherit"] });
  const says = () => once(program.stdout, "data").then(([text]) => `${text as Buffer}`.trim());
  expect(await says()).toBe("once");
  cpSync(live("page"), restored("page"));
  const { ctimeMs } = statSync(live("page"));
  await sleep(30);
  since = Date.now();
  program.stdin.write("x");
  expect(await says()).toBe("twice");
  expect([statSync(live("page")).ctimeMs, readFileSync(live("page"), "utf8")]).toEqual([ctimeMs, "2age"]);
  expect(await compare()).toMatchObject({ restored: 3, identical: 2, changedSince: 1, differences: 0 });
  // Longer ago nobody can have begun to write so.
  since += 600_000;
  expect(await compare()).toMatchObject({ changedSince: 0, differences: 1 });
  program.stdin.end();
});

test("an old file of another name in a directory that changed says nothing", async () => {
  writeFileSync(live("sub/other"), "other");
  since = Date.now() + 30;
  await sleep(60);
  renameSync(live("sub/other"), live("sub/deep/note"));
  expect(await compare()).toMatchObject({ restored: 3, identical: 2, changedSince: 1, differences: 0 });
});

test("without the account's own files everything is only restored", async () => {
  rmSync(live(), { recursive: true });
  expect(await compare()).toMatchObject({ restored: 3, identical: 0, changedSince: 3, differences: 0 });
});

test("names are bytes", async () => {
  execFileSync("sh", ["-c", `cd ${live()} && printf x > "$(printf 'a\\377b')" && cp -a . ${restored()}/`]);
  since = Date.now() + 30;
  await sleep(60);
  expect(await compare()).toMatchObject({ restored: 4, identical: 4, differences: 0 });
});
