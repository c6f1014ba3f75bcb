import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preview } from "./preview.ts";

test("an event that cannot be read is an error, told when the engine has ended and not while it goes on alone", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-engine-"));
  // No real engine writes such events: this stands in for one of another age.
  const engine = `#!/bin/sh\necho '{"resourcePreEvent":{"metadata":{"op":7}}}' >"$3"\nsleep 1\ntouch "$OUTLIVED"\n`;
  await writeFile(join(directory, "pulumi"), engine, { mode: 0o755 });
  const environment = { PATH: `${directory}:${process.env.PATH}`, OUTLIVED: join(directory, "ended") };
  await expect(preview({ directory, stack: "test", environment })).rejects.toThrow("op");
  expect(existsSync(environment.OUTLIVED)).toBe(true);
  await rm(directory, { recursive: true });
});
