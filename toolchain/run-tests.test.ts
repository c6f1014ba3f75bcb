import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import { checkout } from "./paths.ts";

const config = `export default { test: { projects: ["unit", "it"].map((name, at) => ({
  test: { name, include: [\`*.\${name}.js\`], sequence: { groupOrder: at } } })) } };\n`;
/** Fails until it has run once: what it left is not there any more on a host made anew, but here it is how it tells. */
const unsteady = (file: string) => `import { existsSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
test("steady", () => {});
test("unsteady", () => {
  const before = existsSync("${file}.ran");
  writeFileSync("${file}.ran", "");
  expect(before).toBe(true);
});\n`;
const broken = `import { test } from "vitest";\ntest("broken", () => { throw new Error("as before"); });\n`;
const sound = `import { test } from "vitest";\ntest("sound", () => {});\n`;

async function run(files: Record<string, string>) {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-tests-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await symlink(join(checkout, "node_modules"), join(directory, "node_modules"));
  for (const [name, text] of Object.entries({ "vitest.config.js": config, ...files }))
    await writeFile(join(directory, name), text);
  // Vitest itself set these for the tests that it runs.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^VITEST|^TEST$|^NODE_ENV$/.test(name)),
  );
  const ran = await execa("node", [join(checkout, "toolchain/run-tests.ts")], {
    cwd: directory,
    reject: false,
    extendEnv: false,
    env,
  });
  // Standard error comes by a pipe of its own, and so possibly later.
  return { status: ran.exitCode, lines: ran.stdout.trimEnd().split("\n") };
}

test("a file of hosts that passes the second time is named, and each of its tests counts once", async () => {
  const { status, lines } = await run({ "a.unit.js": sound, "b.it.js": unsteady("b") });
  expect(lines).toContain("Once more, because a test failed: b.it.js");
  expect(lines.slice(-4)).toEqual(["Passed only at the second try:", "  b.it.js", "", "3 passed, 0 failed, 0 skipped"]);
  expect(status).toBe(0);
});

test("what fails twice, fails; so does a test that needs no host, at once", async () => {
  const twice = await run({ "b.it.js": broken });
  expect(twice.lines.at(-1)).toBe("0 passed, 1 failed, 0 skipped");
  expect(twice.status).toBe(1);
  const unit = await run({ "a.unit.js": unsteady("a"), "b.it.js": sound });
  expect(unit.lines.join("\n")).not.toContain("Once more");
  expect(unit.lines.at(-1)).toBe("2 passed, 1 failed, 0 skipped");
  expect(unit.status).toBe(1);
});

test("an error that no test has caught fails the run, also when a second one comes after it", async () => {
  const loose = `${sound}void Promise.reject(new Error("nobody waits"));\n`;
  const { status, lines } = await run({ "a.unit.js": loose, "b.it.js": unsteady("b") });
  expect(lines).toContain("Once more, because a test failed: b.it.js");
  expect(lines.at(-1)).toBe("3 passed, 1 failed, 0 skipped");
  expect(status).toBe(1);
});

test("where more than six files fail there is no second time", async () => {
  const files = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`${at}.it.js`, unsteady(`${at}`)]));
  const { status, lines } = await run(files);
  expect(lines.at(-1)).toBe("7 passed, 7 failed, 0 skipped");
  expect(status).toBe(1);
});
