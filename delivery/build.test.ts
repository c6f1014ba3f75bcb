import { execFileSync, spawnSync } from "node:child_process";
import { globSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { Tree } from "../testing/fakes/host-tree.ts";
import { bootstrapScript, loadBootstrap } from "./bootstrap.ts";
import { buildApplier } from "./build.ts";

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
});

test("a cache that was cut short is no obstacle: the same applier is built again", async () => {
  using tree = new Tree();
  vi.stubEnv("XDG_CACHE_HOME", tree.root);
  const fresh = async () => {
    vi.resetModules();
    return (await import("./build.ts")).buildApplier();
  };
  const text = await fresh();
  const files = globSync("fairhost/applier/*", { cwd: tree.root });
  expect(files).toHaveLength(2);
  for (const file of files) writeFileSync(join(tree.root, file), "");
  expect(await fresh()).toBe(text);
  vi.unstubAllEnvs();
});

test("the bootstrap's payload starts with a line about its content; its script is short and plain", async () => {
  const { payload, script } = (await loadBootstrap()).for("trixie", 0);
  const [line, ...rest] = payload.split("\n");
  expect(line).toMatch(/^trixie [0-9a-f]{64} 0 bird2 /);
  expect(rest.join("\n")).toBe(await buildApplier());
  expect(script).toBe(bootstrapScript);
  expect(script.length).toBeLessThan(4000);
  execFileSync("sh", ["-n"], { input: script });
});
