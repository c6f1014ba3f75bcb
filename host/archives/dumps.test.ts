import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { Tree } from "../../testing/fakes/host-tree.ts";
import { reserve, writeDump } from "./dumps.ts";

const room = (bytes: number) => ({ account: 1, bytes, left: bytes });

function treeWithLog() {
  const tree = new Tree();
  mkdirSync(tree.at("/srv/accounts/1/admin/logs"), { recursive: true });
  return {
    tree,
    file: tree.at("/srv/accounts/mariadb.a1_shop.dump"),
    log: tree.at("/srv/accounts/1/admin/logs/databases.log"),
  };
}

test("dumps of an account take its room together; what is larger ends before it is on the disk, and its log says why", async () => {
  const { tree, file, log } = treeWithLog();
  using _ = tree;
  const own = room(10 << 20);
  const machine = tree.machine();
  await writeDump(machine, file, ["head", "--bytes=6M", "/dev/zero"], own);
  expect(statSync(file).size).toBe(6 << 20);
  expect(existsSync(log)).toBe(false);
  await expect(writeDump(machine, `${file}.2`, ["cat", "/dev/zero"], own)).rejects.toThrow(
    "dumps of this account's databases are larger than 10 MiB together (4 times its disk limit)",
  );
  expect(statSync(`${file}.2`).size).toBeLessThanOrEqual(4 << 20);
  expect(readFileSync(log, "utf8")).toContain("fairhost: a1_shop (mariadb) cannot be dumped: dumps of this account's");
});

test("what stays free for the other accounts stays free while a dump is written", async () => {
  const { tree, file } = treeWithLog();
  using _ = tree;
  const written = () => (existsSync(file) ? statSync(file).size : 0);
  const space = () => ({ freeBytes: reserve + (300 << 20) - written(), freeInodes: 1e6 });
  await expect(writeDump(tree.machine({ space }), file, ["cat", "/dev/zero"], room(1e12))).rejects.toThrow(
    "1024 MiB are free",
  );
  expect(written()).toBeLessThanOrEqual(300 << 20);
});

test("a dump whose program fails is none", async () => {
  const { tree, file } = treeWithLog();
  using _ = tree;
  await expect(writeDump(tree.machine(), file, ["sh", "-c", "echo half; exit 3"], room(1e12))).rejects.toThrow(
    "sh ended with 3",
  );
});

test("a dump ends when the account's time is over", async () => {
  using tree = new Tree();
  const over = new AbortController();
  const write = (file: string, ...command: readonly [string, ...string[]]) =>
    writeDump(tree.machine(), tree.at(file), command, room(1e12), over.signal);
  const endless = write("/dump", "sh", "-c", "echo begun; exec sleep infinity");
  over.abort();
  const why = "the time for dumps of this account is over";
  await expect(endless).rejects.toThrow(why);
  await expect(write("/dump.2", "true")).rejects.toThrow(why);
});
