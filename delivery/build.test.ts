import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { hostFixture } from "../components/host/bare-metal-host.fixture.ts";
import { nothingDeclared } from "../components/registry/subject.ts";
import { Tree } from "../testing/fakes/host-tree.ts";
import { bootstrapScript, loadBootstrap } from "./bootstrap.ts";
import { buildApplier } from "./build.ts";
import { hostPackages } from "./protocol/packages.generated.ts";

test("the applier is one file, always the same, that needs only Node.js", async () => {
  const text = await buildApplier();
  expect(text.startsWith("#!/usr/bin/node\n")).toBe(true);
  expect([...text.matchAll(/^import .* from "(.*)";$/gm)].filter(([, name]) => !name!.startsWith("node:"))).toEqual([]);
  expect(await buildApplier()).toBe(text);
  // A kind's schemas would make it several times as long.
  expect(text).not.toMatch(/\bZod[A-Z]/);
  using tree = new Tree();
  writeFileSync(tree.at("applier.mjs"), text);
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [tree.at("applier.mjs"), ...args], { encoding: "utf8" });
  const status = run("--root", tree.root, "status", "--json");
  expect([status.status, JSON.parse(status.stdout)]).toEqual([
    0,
    expect.objectContaining({ generation: 0, drift: [] }),
  ]);
  expect([run("nonsense").status, run("--nonsense").status]).toEqual([2, 2]);
  expect(run("--help")).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^Usage: fairhost-host /),
    stderr: "",
  });
});

/** Builds with the cache in this directory, as another process would. */
async function buildIn(cache: string): Promise<string> {
  vi.stubEnv("XDG_CACHE_HOME", cache);
  vi.resetModules();
  return (await import("./build.ts")).buildApplier();
}

afterEach(() => {
  vi.unstubAllEnvs();
});

test("a cache that was cut short is no obstacle: the same applier is built again", async () => {
  using tree = new Tree();
  const fresh = () => buildIn(tree.root);
  const text = await fresh();
  const files = globSync("fairhost/applier/*", { cwd: tree.root });
  expect(files).toHaveLength(2);
  for (const file of files) writeFileSync(join(tree.root, file), "");
  expect(await fresh()).toBe(text);
});

test("the cache keeps a fixed number of files: the oldest go, whatever left them, and the new ones stay", async () => {
  using tree = new Tree();
  const cache = tree.at("fairhost/applier");
  mkdirSync(cache, { recursive: true });
  for (let index = 0; index < 100; index++) {
    const file = join(cache, index % 2 ? `${index}.mjs` : `${index}.mjs.4711`);
    writeFileSync(file, "old");
    utimesSync(file, index, index);
  }
  const text = await buildIn(tree.root);
  const left = readdirSync(cache);
  expect(left).toHaveLength(32);
  expect(left).toContain("99.mjs");
  expect(left).not.toContain("69.mjs");
  // What was built is found again, without another build.
  const before = left.map((name) => statSync(join(cache, name)).mtimeMs);
  expect(await buildIn(tree.root)).toBe(text);
  expect(left.map((name) => statSync(join(cache, name)).mtimeMs)).toEqual(before);
});

test("a source that changes makes another applier, wherever it lies", () => {
  using tree = new Tree();
  const checkout = tree.at("checkout");
  const sources = globSync(["*", "{components,delivery,fleet,host,lib}/**"], {
    cwd: join(import.meta.dirname, ".."),
    exclude: ["node_modules", "**/*.test.ts", "**/golden/**"],
    withFileTypes: true,
  });
  for (const file of sources.filter((each) => each.isFile())) {
    const from = join(file.parentPath, file.name);
    cpSync(from, join(checkout, relative(join(import.meta.dirname, ".."), from)));
  }
  symlinkSync(join(import.meta.dirname, "../node_modules"), join(checkout, "node_modules"));
  const program = "process.stdout.write(await (await import('./delivery/build.ts')).buildApplier())";
  const build = () =>
    execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      cwd: checkout,
      env: { ...process.env, XDG_CACHE_HOME: tree.at("cache") },
      encoding: "utf8",
      maxBuffer: 1 << 26,
    });
  const before = build();
  const [index] = globSync("fairhost/applier/*.json", { cwd: tree.at("cache") });
  const [inputs] = JSON.parse(readFileSync(join(tree.at("cache"), index!), "utf8")) as string[][];
  const own = inputs!.filter((name) => !name.includes("node_modules"));
  for (const room of ["host", "components", "delivery", "lib"]) {
    const name = own.find((each) => join("delivery", each).startsWith(`${room}/`));
    appendFileSync(join(checkout, "delivery", name!), `\nconsole.error("${room}");\n`);
    expect(build()).toContain(`console.error("${room}")`);
  }
  expect(before).not.toContain('console.error("host")');
});

test("the bootstrap's payload starts with a line about its content; its script is short and plain", async () => {
  const { payload, script } = (await loadBootstrap()).for({ declaration: nothingDeclared, host: hostFixture() }, 0);
  const [line, ...rest] = payload.split("\n");
  expect(line).toMatch(new RegExp(`^trixie amd64 [0-9a-f]{64} 0 ${hostPackages.join(" ")} `));
  expect(rest.join("\n")).toBe(await buildApplier());
  expect(script).toBe(bootstrapScript);
  expect(script.length).toBeLessThan(5100);
  execFileSync("sh", ["-n"], { input: script });
});
