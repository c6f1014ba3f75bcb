import { mkdirSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tree } from "../../testing/fakes/host-tree.ts";
import type { RunResult } from "../os/machine.ts";
import { bytesBelow } from "./archives.ts";

test("how much lies below a directory, as du(1) counts it", async () => {
  using tree = new Tree();
  mkdirSync(tree.at("/srv/x"), { recursive: true });
  writeFileSync(tree.at("/srv/x/file"), "x".repeat(100_000));
  expect(await bytesBelow(tree.machine(), tree.at("/srv/x"))).toBeGreaterThanOrEqual(100_000);
});

const vanished: RunResult = {
  status: 1,
  stdout: "4096\t/x\n",
  stderr: "du: cannot access 'x': No such file or directory",
};
const aborted: RunResult = { status: 134, stdout: "", stderr: "" };

test.each([
  ["something vanishes while it is counted", [vanished], 4096],
  ["directories are exchanged under it, once", [aborted, vanished], 4096],
  ["directories are exchanged all the time", [aborted, aborted, aborted], undefined],
])("where %s", async (_, results, expected) => {
  using tree = new Tree();
  const left = [...results];
  expect(await bytesBelow(tree.machine({ run: async () => left.shift()! }), "/x")).toBe(expected);
});
