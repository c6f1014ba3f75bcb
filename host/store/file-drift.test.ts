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
import { expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { findDrift, sealedAt } from "./file-drift.ts";
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
    expect(changed(tree, sealedAt(tree.machine()))).toEqual([slice]);
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
  utimesSync(record, after / 1000, after / 1000 + 3600);
  expect(sealedAt(tree.machine())).toBe(0);
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
    const find = () => findDrift(tree.at(current), readCurrent(tree.machine()), sealedAt(tree.machine())).unknown;
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
  const { unknown } = findDrift(tree.at(current), readCurrent(tree.machine()), sealedAt(tree.machine()));
  expect(unknown).toEqual(["systemd/account-.service.d"]);
});
