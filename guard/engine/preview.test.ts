import { existsSync } from "node:fs";
import { mkdtemp, mkdtempDisposable, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { preview } from "./preview.ts";

const recorded = await readFile(new URL("./fixtures/router-address.events.jsonl", import.meta.url), "utf8");
const summary = recorded.lastIndexOf("\n", recorded.length - 2) + 1;
const second = recorded.indexOf("\n", recorded.indexOf("::web1-apply")) + 1;

/** Previews with an engine that ends with 0 and leaves this log; undefined: none. */
async function previewWith(log: string | undefined) {
  await using directory = await mkdtempDisposable(join(tmpdir(), "fairhost-engine-"));
  const file = join(directory.path, "log");
  if (log !== undefined) await writeFile(file, log);
  await writeFile(join(directory.path, "pulumi"), `#!/bin/sh\n! test -e ${file} || cp ${file} "$3"\n`, { mode: 0o755 });
  const environment = { PATH: `${directory.path}:${process.env.PATH}` };
  return await preview({ directory: directory.path, stack: "test", environment });
}

test("a log of an engine that has its summary, with all steps of it, is judged", async () => {
  expect(await previewWith(recorded)).toMatchObject({ kind: "previewed" });
});

test.each([
  ["none", undefined, "lacks its end"],
  ["an empty one", "", "lacks its end"],
  ["one that ends in the middle", recorded.slice(0, second), "lacks its end"],
  ["one without the engine's summary", recorded.slice(0, summary), "lacks its end"],
  ["one in which a step is missing", recorded.replace(/^.*::web1-apply.*\n/m, ""), "lacks 1 of 37 steps"],
  ["one with a line that was cut, before others", recorded.replace(/(::web1-apply)".*$/m, "$1"), "a part of a line"],
])("a log that a full disk has cut says nothing of the change: %s", async (_, log, missing) => {
  // The engine says nothing of it, and ends with 0.
  expect(await previewWith(log)).toEqual({
    kind: "failed",
    why: "broken",
    messages: [expect.stringMatching(new RegExp(`${missing}.*TMPDIR`))],
  });
});

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
