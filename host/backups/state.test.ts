import { existsSync, statSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tree } from "../../testing/fakes/host-tree.ts";
import { leaveOpen, makeSpool, mayBeOpen, writeState } from "./state.ts";

const full = { space: () => ({ freeBytes: 0, freeInodes: Number.POSITIVE_INFINITY }) };
const newest = (ended: Date) => {
  const time = new Date(ended.getTime() - 1000).toISOString();
  return {
    last: { time, ended: ended.toISOString(), keeper: "b", repository: "r", snapshot: "s", bytes: 0, files: 0 },
  };
};

test("what a backup has beside it lies in memory on a full disk, for root alone, and nothing of it stays elsewhere", () => {
  using tree = new Tree();
  const kept = makeSpool(tree.machine(), 1).path;
  writeFileSync(`${kept}/dump`, "");
  const { path, isFull } = makeSpool(tree.machine(full), 1);
  expect([isFull, path, statSync(path).mode & 0o777, existsSync(kept)]).toEqual([
    true,
    tree.at("/run/fairhost/backup-1.spool"),
    0o700,
    false,
  ]);
  expect(makeSpool(tree.machine(full), 1, ".tmp").path).toBe(tree.at("/run/fairhost/backup-1.tmp"));
  expect([makeSpool(tree.machine(), 1).path, existsSync(path)]).toEqual([kept, false]);
});

test("a backup of which nothing is known may be open: it was cut off, on the disk or in memory, or nobody could write about it", () => {
  using tree = new Tree();
  const open = () => mayBeOpen(tree.machine(), 1);
  expect(open()).toBe(true);
  writeState(tree.machine(), 1, newest(new Date()));
  expect(open()).toBe(false);
  for (const begin of [
    () => makeSpool(tree.machine(), 1).path,
    () => makeSpool(tree.machine(full), 1).path,
    () => leaveOpen(tree.machine(), 1),
  ]) {
    begin();
    expect(open()).toBe(true);
    const machine = tree.machine();
    machine.disk.remove(makeSpool(machine, 1).path);
    expect(open()).toBe(false);
  }
  // A boot forgets what is in memory.
  writeState(tree.machine(), 1, newest(new Date(0)));
  expect(open()).toBe(true);
});
