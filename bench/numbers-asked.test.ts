import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";

const directory = import.meta.dirname;
const files = readdirSync(directory).filter((name) => /\.ts$/.test(name) && !name.endsWith(".test.ts"));
/** Those that are run say how in their first comment. */
const commands = files.filter((name) =>
  /^\/\*\*(?:(?!\*\/)[\s\S])*`(?:node|npm run) bench/.test(readFileSync(join(directory, name), "utf8")),
);

const run = (name: string, ...args: string[]) =>
  execa(process.execPath, [join(directory, name), ...args], { reject: false, timeout: 30_000 });

test("all that is run is found", () => {
  const { scripts } = JSON.parse(readFileSync(join(directory, "../package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const scripted = Object.values(scripts).flatMap((line) => / bench\/([\w-]+\.ts)$/.exec(line)?.[1] ?? []);
  expect(commands).toEqual(expect.arrayContaining(scripted));
});

test.for(commands)("%s measures nothing when it is called wrongly: 2, with a message", async (name) => {
  // All ask in one way (numbersAsked), so each form of wrong words once will do.
  const words = [["--bogus"], ["many"], ["0"], ["1", "1", "1"]][commands.indexOf(name) % 4]!;
  const { exitCode, stdout, stderr } = await run(name, ...words);
  expect([exitCode, stdout, stderr]).toEqual([2, "", expect.stringMatching(/^error: /)]);
  expect(await run(name, "--help")).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Usage: /) });
});
