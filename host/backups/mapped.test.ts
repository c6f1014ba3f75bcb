import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "../os/machine.ts";
import { readAgain } from "./mapped.ts";

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

let account: string;
const at = (name: string) => join(account, "home", name);
const changed = (name: string) => statSync(at(name)).ctimeMs;
/** Now, and a moment that no time of a file is part of, on either side: the kernel's clock of files goes in steps. */
async function now(): Promise<string> {
  await sleep(30);
  const time = new Date().toISOString();
  await sleep(30);
  return time;
}

beforeEach(() => {
  account = mkdtempSync(join(tmpdir(), "fairhost-mapped-"));
  mkdirSync(at("sub"), { recursive: true });
  for (const name of ["before", "page", "after"]) writeFileSync(at(name), name);
});
afterEach(() => rmSync(account, { recursive: true }));

test("what a program goes on writing to a file that it has mapped is read by the next backup; other files are not read again", async () => {
  const time = await now();
  const program = spawn("python3", ["-c", mapping, at("page")], { stdio: ["pipe", "pipe", "inherit"] });
  const says = () => once(program.stdout, "data").then(([text]) => `${text as Buffer}`.trim());
  expect(await says()).toBe("once");
  writeFileSync(at("sub/--long name"), "");
  symlinkSync(at("before"), at("link"));
  const ended = await now();
  const read = { page: statSync(at("page")), before: changed("before") };
  program.stdin.write("x");
  expect(await says()).toBe("twice");
  expect([changed("page"), readFileSync(at("page"), "utf8")]).toEqual([read.page.ctimeMs, "2age"]);
  writeFileSync(at("after"), "changed");
  const after = { after: changed("after"), long: changed("sub/--long name") };
  await now();

  await readAgain(run, account, { time, ended }, false);
  expect(changed("page")).toBeGreaterThan(read.page.ctimeMs);
  expect(statSync(at("page")).mtimeMs).toBe(read.page.mtimeMs);
  expect(changed("sub/--long name")).toBeGreaterThan(after.long);
  expect([changed("before"), changed("after")]).toEqual([read.before, after.after]);
  // Nobody knows when the newest backup ended: an older release did not write it down, or it was cut off.
  for (const before of [{ time }, { time, ended }]) {
    const last = changed("after");
    await now();
    await readAgain(run, account, before, before.ended !== undefined);
    expect(changed("after")).toBeGreaterThan(last);
    expect(changed("before")).toBe(read.before);
  }
  program.stdin.end();
});

test("without a backup, or without files, nothing is changed", async () => {
  const last = changed("page");
  await now();
  await readAgain(run, account, undefined, true);
  rmSync(at(""), { recursive: true });
  mkdirSync(join(account, "lib"));
  writeFileSync(join(account, "lib", "page"), "");
  const own = statSync(join(account, "lib", "page")).ctimeMs;
  await readAgain(
    run,
    account,
    { time: new Date(last - 100).toISOString(), ended: new Date(last - 50).toISOString() },
    false,
  );
  expect(statSync(join(account, "lib", "page")).ctimeMs).toBe(own);
});
