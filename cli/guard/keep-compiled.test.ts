import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";

const module = join(import.meta.dirname, "keep-compiled.ts");
const ours = join(import.meta.dirname, "../../lib/text/text.ts");

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "fairhost-compiled-"));
});
afterAll(() => rm(scratch, { recursive: true }));

test("compiled modules are kept, and thrown away when they become many; a directory that cannot be written is no error", async () => {
  const directory = join(scratch, "compiled");
  const run = async (where: string) => {
    const program = `(await import(${JSON.stringify(module)})).keepCompiled(${JSON.stringify(where)}, 100); await import(${JSON.stringify(ours)});`;
    // Without the cache of these tests themselves, which would be kept in its place.
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    await execa(process.execPath, ["--input-type=module", "--eval", program], { env, extendEnv: false });
  };
  const kept = async () =>
    (await readdir(directory, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());

  await run(directory);
  const first = (await kept()).length;
  expect(first).toBeGreaterThan(0);
  await run(directory);
  expect(await kept()).toHaveLength(first);

  await mkdir(join(directory, "old"));
  for (let index = 0; index <= 100; index++) await writeFile(join(directory, "old", `${index}`), "");
  await run(directory);
  expect(await kept()).toHaveLength(first);

  const file = join(scratch, "file");
  await writeFile(file, "");
  await run(file);
});
