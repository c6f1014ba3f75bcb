import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { requiredProviders } from "../language/packages.ts";
import { binDirectory, checkout, pulumiHome } from "../paths.ts";
import { atLeast, findOfficialPulumi, foreignEnv } from "./official.ts";

let root: string;
let reasons: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fairhost-official-"));
  reasons = [];
});
afterEach(() => rmSync(root, { recursive: true }));

function script(path: string, body: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** An installation whose `pulumi` notes every call. */
function install(version: string, plugins: "obtainable" | "refused" = "obtainable"): void {
  const answer = `case "$1" in version) echo v${version} ;; plugin) ${plugins === "refused" ? "exit 1" : ":"} ;; esac`;
  script("opt/pulumi", `echo "$*" >> ${root}/calls\n${answer}`);
  script("opt/pulumi-language-nodejs", "");
}

function find(bin = "opt"): ReturnType<typeof findOfficialPulumi> {
  const env = { PATH: `${binDirectory}:${root}/${bin}:/usr/bin:/bin`, PULUMI_HOME: join(root, "home") };
  return findOfficialPulumi(env, (reason) => reasons.push(reason));
}

it("takes a whole installation and installs the providers that are missing", async () => {
  install("3.270.0");
  const [command, random] = requiredProviders(checkout);
  mkdirSync(join(root, "home", "plugins", `resource-${command!.name}-${command!.version}`), { recursive: true });
  expect(await find()).toEqual({ pulumi: join(root, "opt/pulumi"), version: "3.270.0" });
  expect(readFileSync(join(root, "calls"), "utf8")).toBe(
    `version\nplugin install resource random ${random!.version}\n`,
  );
});

it("takes providers on PATH for installed ones", async () => {
  install("3.270.0", "refused");
  for (const { name } of requiredProviders(checkout)) script(`opt/pulumi-resource-${name}`, "");
  expect(await find()).toMatchObject({ version: "3.270.0" });
});

it("does not take the engine and providers of another activated checkout for an installation", async () => {
  install("3.270.0");
  const other = "other/node_modules/.cache/fairhost/bin";
  script(`${other}/pulumi`, "echo v3.200.0");
  script(`${other}/pulumi-language-nodejs`, "");
  const home = join(root, "other/.state/home");
  const found = async (path: string) =>
    findOfficialPulumi({ PATH: `${root}/${other}:${path}`, PULUMI_HOME: home, FAIRHOST_PULUMI_HOME: home });
  expect(await found("/usr/bin:/bin")).toBeUndefined();
  expect(await found(`${root}/opt:/usr/bin:/bin`)).toMatchObject({ pulumi: join(root, "opt/pulumi") });
});

it("looks for the language host beside the real file, not the link", async () => {
  install("3.200.0");
  mkdirSync(join(root, "bin"));
  symlinkSync(join(root, "opt/pulumi"), join(root, "bin/pulumi"));
  expect(await find("bin")).toMatchObject({ version: "3.200.0" });
});

it("refuses one that is too old", async () => {
  install("3.199.9");
  expect(await find()).toBeUndefined();
  expect(reasons).toEqual([`${root}/opt/pulumi is version 3.199.9, older than 3.200.0`]);
});

it("refuses one without its language host, without starting it", async () => {
  script("opt/pulumi", `touch ${root}/started`);
  expect(await find()).toBeUndefined();
  expect(reasons[0]).toContain("no pulumi-language-nodejs beside it");
  expect(existsSync(join(root, "started"))).toBe(false);
});

it("refuses one whose providers cannot be had", async () => {
  install("3.270.0", "refused");
  expect(await find()).toBeUndefined();
  expect(reasons[0]).toContain("cannot be downloaded");
});

it("refuses one that does not start", async () => {
  script("opt/pulumi", "exit 1");
  script("opt/pulumi-language-nodejs", "");
  expect(await find()).toBeUndefined();
  expect(reasons[0]).toContain("version unknown");
});

it("says nothing when there is none", async () => {
  expect(await find()).toBeUndefined();
  expect(reasons).toEqual([]);
});

it("ignores this checkout's activation", () => {
  const env = foreignEnv({ PATH: `/a:${binDirectory}:/b`, PULUMI_HOME: pulumiHome });
  expect(env.PATH).toBe("/a:/b");
  expect(env).not.toHaveProperty("PULUMI_HOME");
  expect(foreignEnv({ PULUMI_HOME: "/own" }).PULUMI_HOME).toBe("/own");
});

it.each([
  ["3.200.0", "3.200.0", true],
  ["v3.201.0-alpha.1", "3.200.0", true],
  ["4.0.0", "3.200.0", true],
  ["3.99.9", "3.200.0", false],
  ["3.200.0", "3.200.1", false],
  ["", "3.200.0", false],
])("atLeast(%s, %s)", (a, b, expected) => expect(atLeast(a, b)).toBe(expected));
