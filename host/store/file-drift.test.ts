import { linkSync, lstatSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
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
