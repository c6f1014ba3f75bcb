import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checkout } from "./paths.ts";

const read = (file: string) => readFileSync(join(checkout, file), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  engines: { node: string };
  devDependencies: Record<string, string>;
};

/** The Node.js that npm installs and everything runs on. */
const pinned = manifest.devDependencies.node!;
const [major] = pinned.split(".");

test("everything that names the version of Node.js names the one that npm installs", () => {
  expect(process.versions.node).toBe(pinned);
  expect(read(".node-version").trim()).toBe(pinned);
  expect(manifest.devDependencies["@types/node"]).toMatch(`${major}.`);
  const named = [...read("README.md").matchAll(/Node\.js (\d+(?: or newer)?)/g)].map(([, each]) => each);
  // With the one that a machine has npm can start: `npm ci` brings the pinned one, and that runs the rest.
  expect(named).toContain("20 or newer");
  expect(named.filter((each) => each !== "20 or newer" && each !== major)).toEqual([]);
  expect(read("examples/ci/gitlab-ci.yaml")).toContain(`image: node:${major}-`);
  const versions = [...read("examples/ci/github-actions.yaml").matchAll(/node-version: (.+)/g)].map(([, each]) => each);
  expect(new Set(versions)).toEqual(new Set([major]));
});

test("the oldest one that commands run on is of the same major version", () => {
  const [, oldest] = /^>=(\d+\.\d+)$/.exec(manifest.engines.node)!;
  expect(oldest).toMatch(`${major}.`);
  expect(pinned.localeCompare(oldest!, "en", { numeric: true })).toBe(1);
});
