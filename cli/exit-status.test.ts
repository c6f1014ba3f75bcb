import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { endings } from "./exit-status.ts";

const directory = import.meta.dirname;
const files = readdirSync(directory).filter((name) => /^[\w-]+\.ts$/.test(name) && name !== "exit-status.ts");

const node = (args: readonly string[]) => execa(process.execPath, args, { reject: false, stdin: "ignore" });

/** Runs a command as people do: `["guard", "drift", "--help"]`. */
const run = ([name, ...args]: readonly string[]) => node([join(directory, `${name}.ts`), ...args]);

/** The help of a command and of its subcommands, by name. */
async function helpOf(...command: string[]): Promise<[string, string][]> {
  const { stdout } = await run([...command, "--help"]);
  const [, list = ""] = stdout.split("\nCommands:\n");
  const names = [...list.split("\n\n")[0]!.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name!);
  const below = await Promise.all(names.filter((name) => name !== "help").map((name) => helpOf(...command, name)));
  return [[command.join(" "), stdout], ...below.flat()];
}

// It passes all options to curl, --help too.
const foreign = "lab curl";
const help = new Map((await Promise.all(files.map((file) => helpOf(file.replace(".ts", ""))))).flat());
const names = [...help.keys()];

test("every file here is a command with a script in package.json", () => {
  const { scripts } = JSON.parse(readFileSync(join(directory, "../package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const scripted = Object.values(scripts).flatMap((line) => / cli\/([\w-]+)\.ts$/.exec(line)?.[1] ?? []);
  expect(scripted.sort()).toEqual(files.map((file) => file.replace(".ts", "")).sort());
  expect(names).toEqual(expect.arrayContaining(["addresses", "guard drift", "guard unlock", "lab up", "lab curl"]));
});

test("the numbers: scripts compare them, so none ever changes its meaning", () => {
  const numbers = Object.entries(endings).map(([name, [status]]) => `${status} ${name}`);
  expect(numbers).toEqual([
    "0 done",
    "1 broke",
    "2 wrong usage",
    "3 needs approval",
    "4 blocked",
    "5 failed",
    "6 locked",
    "7 drift",
  ]);
});

test.for(names.filter((name) => name !== foreign))("%s --help lists its exit statuses", (name) => {
  const [, list = ""] = help.get(name)!.split("\nExit status:\n");
  const lines = list.trimEnd().split("\n");
  const known = Object.values(endings).map(([status, meaning]) => `  ${status}  ${meaning}`);
  expect(lines.length).toBeGreaterThan(2);
  expect(known).toEqual(expect.arrayContaining(lines));
  expect(lines).toEqual([...lines].sort());
});

test.concurrent.for(names)("wrong usage of %s: 2, with a message and no stack trace", async (name) => {
  const { exitCode, stdout, stderr } = await run([...name.split(" "), ...(name === foreign ? [] : ["--no-such"])]);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^error: /);
});

test.concurrent.for([
  ["guard", "review", "--base", "main", "--base", "other"],
  ["guard", "review", "--base=main", "--base", "other"],
])("an option twice: %j is refused, with both values", async (args) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect([exitCode, stdout]).toEqual([2, ""]);
  expect(stderr).toBe("error: option --base is given twice: --base main and --base other. Fix: give it once.");
});

/** Runs a command whose action throws, and returns its exit status and output. */
async function failing(thrown: string, ...args: string[]) {
  const script = `
    import { Command } from "commander";
    import { run, withAction } from ${JSON.stringify(join(directory, "exit-status.ts"))};
    import { UserError } from ${JSON.stringify(join(directory, "../lib/user-error.ts"))};
    import { readFile, writeFile } from "node:fs/promises";
    const command = new Command("test").argument("[file]");
    await run(withAction(command, ["locked"], async (file) => { setInterval(() => {}, 1000); ${thrown} }));`;
  const { exitCode, stderr } = await node(["--input-type=module-typescript", "--eval", script, "--", ...args]);
  return [exitCode, stderr];
}

test("an error for people shows its message, even with open handles; any other error shows a stack trace and ends with 1", async () => {
  expect(await failing(`throw new UserError("web1\\u001b is busy:\\nwait")`)).toEqual([5, "web1\\x1b is busy:\nwait"]);
  expect(await failing(`throw new UserError("taken", "locked")`)).toEqual([6, "taken"]);
  expect(await failing(`null.x`)).toEqual([1, expect.stringMatching(/^TypeError: .*\n {4}at /s)]);
  expect(await failing(`await readFile("/nowhere")`)).toEqual([1, expect.stringContaining("    at ")]);
});

test("a file of the command line that cannot be read or written: 2, with what is wrong, where, and what to do", async () => {
  expect(await failing(`await readFile(file)`, "/nowhere")).toEqual([
    2,
    "/nowhere: there is no such file or directory; correct the path",
  ]);
  expect(await failing(`await writeFile(file, "")`, "/nonexistent/x.svg")).toEqual([
    2,
    "/nonexistent/x.svg: the directory /nonexistent does not exist; create it, or give another path",
  ]);
  expect(await failing(`await writeFile(file, "")`, directory)).toEqual([
    2,
    `${directory}: this is a directory; give the path of a file`,
  ]);
});
