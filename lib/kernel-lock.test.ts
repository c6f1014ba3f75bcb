import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { take } from "./kernel-lock.ts";

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairhost-lock-"));
});

afterAll(() => rm(directory, { recursive: true }));

test("a held lock is refused, and a released one is free at once", async () => {
  const lock = join(directory, "lock");
  for (let round = 0; round < 10; round++) {
    const release = await take(lock, 0);
    expect(release, `round ${round}`).toBeDefined();
    expect(await take(lock, 0)).toBeUndefined();
    await release!();
  }
});

test("Ctrl-C reaches the whole process group: a holder that finishes its work keeps the lock, and loses it when it ends", async () => {
  const lock = join(directory, "held");
  const script = `import { take } from ${JSON.stringify(join(import.meta.dirname, "kernel-lock.ts"))};
process.on("SIGINT", () => console.log("finishing"));
await take(${JSON.stringify(lock)}, 0);
console.log("taken");`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  process.kill(-child.pid!, "SIGINT");
  await once(child.stdout, "data");
  expect(await take(lock, 1)).toBeUndefined();
  process.kill(child.pid!, "SIGKILL");
  const release = await take(lock, 10);
  expect(release).toBeDefined();
  await release!();
});
