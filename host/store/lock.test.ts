import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { take } from "./lock.ts";

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
