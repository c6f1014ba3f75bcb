import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { layout } from "../store/layout.ts";
import type { Machine } from "./machine.ts";
import { type Wait, watchForWaits, withDescendants } from "./waits.ts";

/** Real processes of this machine. */
const machine = { layout: layout("/") } as Machine;
let directory: string;
let child: ChildProcess;
const pids = () => withDescendants(machine, `${child.pid}`);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-waits-"));
  execFileSync("mkfifo", [join(directory, "pipe")]);
});
afterEach(() => {
  if (child.exitCode === null && child.signalCode === null)
    for (const pid of pids()) process.kill(Number(pid), "SIGKILL");
  rmSync(directory, { recursive: true });
});

/** What is found while a command of sh(1) runs in the directory, and what it has said when it ends by itself. */
async function watched(command: string): Promise<{ found: Wait[]; end: Promise<unknown> }> {
  child = spawn("sh", ["-c", command], { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
  const found: Wait[] = [];
  const endWatch = watchForWaits(machine, pids, (wait) => void found.push(wait));
  const end = new Promise((resolve) => child.on("close", resolve)).finally(endWatch);
  return { found, end };
}

test.each(["cat pipe", "cat ../$(basename $PWD)/pipe", "(sleep 0; cat $PWD/pipe; :); :"])(
  "%s: who waits for a writer is found, and for which file",
  async (command) => {
    const { found } = await watched(command);
    await expect.poll(() => found, { timeout: 30_000 }).toEqual([{ file: join(directory, "pipe") }]);
  },
);

test("who only sleeps, or reads from a pipe that is open, is not found", async () => {
  const { found, end } = await watched("sleep 5 & sleep 5 | cat; wait");
  await end;
  expect(found).toEqual([]);
}, 30_000);
