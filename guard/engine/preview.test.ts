import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preview } from "./preview.ts";

test("an event that cannot be read is an error, thrown only after the engine has ended", async () => {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-engine-"));
  // No real engine writes such events: this fakes one of another version.
  const engine = `#!/bin/sh\necho '{"resourcePreEvent":{"metadata":{"op":7}}}' >"$3"\nsleep 1\ntouch "$OUTLIVED"\n`;
  await writeFile(join(directory, "pulumi"), engine, { mode: 0o755 });
  const environment = { PATH: `${directory}:${process.env.PATH}`, OUTLIVED: join(directory, "ended") };
  await expect(preview({ directory, stack: "test", environment })).rejects.toThrow("op");
  expect(existsSync(environment.OUTLIVED)).toBe(true);
  await rm(directory, { recursive: true });
});
