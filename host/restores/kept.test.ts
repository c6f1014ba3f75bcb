import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { writeRestore } from "../store/restores.ts";
import { boundKept, purgeReplaced, writeKept } from "./kept.ts";

const replaced = "/srv/accounts/replaced/1";
const mb = 1_000_000;

/** A host whose account may have 10 MB. */
async function host(): Promise<Tree> {
  const tree = new Tree();
  const group = accountGroup(1);
  const account = { ...group.account!, quotas: [{ path: ".", project: 1, bytes: 10 * mb, inodes: 1000 }] };
  await apply(tree.machine(), bundleOf({ 1: { ...group, account } }), secret);
  return tree;
}

/** What a restore has replaced on a day of November. */
function replacedOn(tree: Tree, day: number, id: string, megabytes: number): void {
  const place = tree.at(join(replaced, id));
  mkdirSync(join(place, "files/home"), { recursive: true });
  writeFileSync(join(place, "files/home/data"), Buffer.alloc(megabytes * mb, 1));
  writeKept(tree.machine(), place, { paths: ["home"], dumps: [] }, new Date(Date.UTC(2026, 10, day)));
}

const left = (tree: Tree) => readdirSync(tree.at(replaced)).sort();

test("what restores of an account have replaced takes no more together than it may have: the oldest goes first", async () => {
  using tree = await host();
  replacedOn(tree, 20, "zeroth", 4);
  replacedOn(tree, 21, "first", 4);
  replacedOn(tree, 22, "second", 4);
  expect(await boundKept(tree.machine(), 1)).toEqual(["zeroth"]);
  expect(left(tree)).toEqual(["first", "second"]);
  replacedOn(tree, 23, "third", 1);
  expect(await boundKept(tree.machine(), 1)).toEqual([]);
  expect(left(tree)).toEqual(["first", "second", "third"]);
});

test("what the newest one has replaced stays, whatever it takes", async () => {
  using tree = await host();
  replacedOn(tree, 20, "old", 1);
  replacedOn(tree, 21, "whole", 12);
  expect(await boundKept(tree.machine(), 1)).toEqual(["old"]);
  expect(left(tree)).toEqual(["whole"]);
});

test("what the restore that has just come into force replaced counts at once, although it is not over yet", async () => {
  using tree = await host();
  replacedOn(tree, 20, "first", 9);
  replacedOn(tree, 21, "second", 9);
  writeRestore(tree.machine(), 1, { id: "second", phase: "landing", since: "2026-11-21T00:00:00Z" });
  expect(await boundKept(tree.machine(), 1)).toEqual([]);
  expect(await boundKept(tree.machine(), 1, "second")).toEqual(["first"]);
  expect(left(tree)).toEqual(["second"]);
});

test("a restore that is not over is neither counted nor removed, and the daily run removes what is too much", async () => {
  using tree = await host();
  replacedOn(tree, 20, "old", 4);
  replacedOn(tree, 21, "new", 7);
  const coming = tree.at(join(replaced, "coming/files"));
  mkdirSync(coming, { recursive: true });
  writeFileSync(join(coming, "data"), Buffer.alloc(9 * mb, 1));
  writeRestore(tree.machine(), 1, { id: "coming", phase: "switching", since: "2026-11-22T00:00:00Z" });
  expect(await purgeReplaced(tree.machine(), new Date(Date.UTC(2026, 10, 22)))).toEqual([
    tree.at(join(replaced, "old")),
  ]);
  expect(left(tree)).toEqual(["coming", "new"]);
});

test("an account without a disk limit keeps all for its time", async () => {
  using tree = new Tree();
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1) }), secret);
  replacedOn(tree, 20, "old", 8);
  replacedOn(tree, 21, "new", 8);
  expect(await boundKept(tree.machine(), 1)).toEqual([]);
  expect(existsSync(tree.at(join(replaced, "old")))).toBe(true);
});
