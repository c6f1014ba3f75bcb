import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkout } from "./paths.ts";
import { takeTurn } from "./turn.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairhost-turn-"));
});

afterAll(() => rm(directory, { recursive: true }));

/** Another process that has its turn and never gives it back. */
async function otherTest(file: string) {
  const script = `import { takeTurn } from ${JSON.stringify(join(import.meta.dirname, "turn.ts"))};
await takeTurn(console.log, ${JSON.stringify(file)});
console.log("has its turn");`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

test("a second test says whose lab it waits for, and has its turn when the first is killed", async () => {
  const file = join(directory, "killed");
  const first = await otherTest(file);
  const said: string[] = [];
  const second = takeTurn((line) => said.push(line), file, 60);
  await expect
    .poll(() => said)
    .toEqual([`waiting up to 60 s for the lab of other tests: process ${first.pid} of ${checkout}`]);
  first.kill("SIGKILL");
  await (await second)[Symbol.asyncDispose]();
  // Given back: nobody waits any more.
  await (await takeTurn((line) => said.push(line), file, 0))[Symbol.asyncDispose]();
  expect(said).toHaveLength(1);
});

test("it does not wait for ever, and says what to do", async () => {
  const file = join(directory, "long");
  const first = await otherTest(file);
  await expect(takeTurn(() => {}, file, 1)).rejects.toThrow(
    `${file} is still locked after 1 s, by process ${first.pid} of ${checkout}\n  fix: wait until it has ended, or end it: kill ${first.pid}`,
  );
  first.kill("SIGKILL");
});
