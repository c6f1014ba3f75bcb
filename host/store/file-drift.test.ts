import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { findDrift, placedAt } from "./file-drift.ts";
import { readCurrent } from "./generations.ts";
import { recordName } from "./layout.ts";

const current = "/var/lib/fairhost/current";
const slice = "systemd/account-1.slice";
const one = bundleOf({ 1: accountGroup(1) });
const two = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });

async function applied(): Promise<Tree> {
  const tree = new Tree();
  await apply(tree.machine(), one, secret);
  return tree;
}

const changed = (tree: Tree, since?: number) =>
  [...findDrift(tree.at(current), readCurrent(tree.machine()), since).changed.keys()].sort();

const since = (tree: Tree) => placedAt(readCurrent(tree.machine()));

/** The kernel's clock of files goes in steps. */
const later = () => sleep(50);

/** Other text of the same length. */
const other = (text: string) => text.replaceAll(/[a-z]/g, "x");

test.each<[string, (path: string) => void]>([
  ["is written in place", (path) => writeFileSync(path, other(readFileSync(path, "utf8")))],
  ["is another file of before", (path) => renameSync(`${path}.other`, path)],
  [
    "is a hard link to another file of before",
    (path) => {
      renameSync(path, `${path}.old`);
      linkSync(`${path}.other`, path);
    },
  ],
])(
  "a text that %s is found although size and times are as before, and the next change of another account repairs it",
  async (_name, edit) => {
    using tree = await applied();
    const path = tree.at(`${current}/${slice}`);
    const text = readFileSync(path, "utf8");
    const { atime, mtime } = lstatSync(path);
    writeFileSync(`${path}.other`, other(text));
    utimesSync(`${path}.other`, 0, 0);
    edit(path);
    utimesSync(path, atime, mtime);
    expect(changed(tree, since(tree))).toEqual([slice]);
    expect((await apply(tree.machine(), two, secret)).repaired).toContain(`${slice} had been changed`);
    expect(readFileSync(path, "utf8")).toBe(text);
  },
);

test("texts of before are not read, but by who applies the same again; nor is a record trusted whose time has not come", async () => {
  using tree = await applied();
  const path = tree.at(`${current}/${slice}`);
  const text = readFileSync(path, "utf8");
  writeFileSync(path, other(text));
  expect(changed(tree, lstatSync(path).ctimeMs)).toEqual([slice]);
  // As if the clock had been set back for the edit.
  const after = lstatSync(path).ctimeMs + 1;
  expect(changed(tree, after)).toEqual([]);
  expect(changed(tree)).toEqual([slice]);
  const record = tree.at(`${current}/${recordName}`);
  writeFileSync(record, JSON.stringify({ ...readCurrent(tree.machine()), placed: Date.now() + 3_600_000 }));
  expect(since(tree)).toBe(0);
  expect((await apply(tree.machine(), one, secret)).repaired).toEqual([`${slice} had been changed`]);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test.each<[string, (at: (path: string) => void) => void, string[]]>([
  ["a file in a folder", (at) => at("systemd/other.service"), ["systemd/other.service"]],
  [
    "a file in the directory of a drop-in",
    (at) => at("systemd/account-.service.d/9.conf"),
    ["systemd/account-.service.d/9.conf"],
  ],
  ["a file beside the folders", (at) => at("other"), ["other"]],
  ["a file in a new directory", (at) => at("systemd/more/other"), ["systemd/more/other"]],
])(
  "%s that nobody declared is found without reading the names in directories of before",
  async (_name, put, expected) => {
    using tree = await applied();
    const find = () => findDrift(tree.at(current), readCurrent(tree.machine()), since(tree)).unknown;
    expect(find()).toEqual([]);
    put((path) => {
      mkdirSync(dirname(tree.at(`${current}/${path}`)), { recursive: true });
      writeFileSync(tree.at(`${current}/${path}`), "");
    });
    expect(find()).toEqual(expected);
  },
);

test("a directory in whose place a symlink is counts as such, and what it shows is not gone through", async () => {
  using tree = await applied();
  const path = tree.at(`${current}/systemd/account-.service.d`);
  renameSync(path, tree.at("elsewhere"));
  symlinkSync(tree.at("elsewhere"), path);
  const { unknown } = findDrift(tree.at(current), readCurrent(tree.machine()), since(tree));
  expect(unknown).toEqual(["systemd/account-.service.d"]);
});

const http = "systemd/account-1-http-blog.service";
const text = (tree: Tree) => readFileSync(tree.at(`${current}/${http}`), "utf8");

test("a record of another day that was put back says nothing of texts that have changed since", async () => {
  using tree = await applied();
  const record = tree.at(`${current}/${recordName}`);
  const old = readFileSync(record);
  await later();
  for (let number = 2; number < 8; number++)
    await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "two"), [number]: accountGroup(number) }), secret);
  await later();
  writeFileSync(record, old);
  const { repaired } = await apply(tree.machine(), two, secret);
  expect(repaired).toContain(`${http} had been changed`);
  expect(text(tree)).toContain("Description=one");
});

test("who applies the same again has every text read, also where an account keeps its old files", async () => {
  using tree = await applied();
  writeFileSync(tree.at("/srv/accounts/2"), "");
  expect((await apply(tree.machine(), two, secret)).result).toBe("partial");
  const path = tree.at(`${current}/${http}`);
  writeFileSync(path, other(text(tree)));
  await later();
  // As if the clock had been set back for the edit.
  writeFileSync(
    tree.at(`${current}/${recordName}`),
    JSON.stringify({ ...readCurrent(tree.machine()), placed: Date.now() }),
  );
  expect((await apply(tree.machine(), two, secret)).repaired).toEqual([`${http} had been changed`]);
  expect(text(tree)).toContain("Description=one");
});

test.each<[string, RegExp]>([
  ["is staged", /\/generations\/\d+$/],
  ["is judged", /generation\.json$/],
])("a text that somebody changes while another generation %s is found by the next change", async (_when, path) => {
  using tree = await applied();
  for (let number = 3; number < 8; number++)
    await apply(tree.machine(), bundleOf({ 1: accountGroup(1), [number]: accountGroup(number) }), secret);
  await later();
  let edited = false;
  const observe = (operation: string, at: string) => {
    if (edited || !["create", "setMode"].includes(operation) || !path.test(at)) return;
    edited = true;
    writeFileSync(tree.at(`${current}/${http}`), other(text(tree)));
    for (const end = Date.now() + 50; Date.now() < end; );
  };
  await apply(tree.machine({ observe }), two, secret);
  expect(edited).toBe(true);
  await later();
  await apply(tree.machine(), one, secret);
  expect(text(tree)).toContain("Description=one");
});
