import { mkdirSync } from "node:fs";
import { expect, test } from "vitest";
import { backupRecords } from "../../delivery/protocol/backups.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import type { Run } from "../os/machine.ts";
import { awaitedAccounts } from "./awaited.ts";

const record = { path: `${backupRecords}1`, content: "{}" };
const bundle = bundleOf({ 1: accountGroup(1, "one", [record]), 2: accountGroup(2) });

test("on a new machine accounts with backups are held, those without begin", async () => {
  using tree = new Tree();
  const { notes } = await apply(tree.machine(), bundle, secret, { awaited: [1, 2] });
  expect(awaitedAccounts(tree.machine(), "web1")).toEqual([1]);
  expect(notes).toEqual([expect.stringMatching(/^this is another machine than before: account 1 is held until/)]);
});

test("one whose data is on a disk that is not mounted yet is not held: it begins with its data once it is", async () => {
  using tree = new Tree();
  const systemd = new FakeSystemd(tree.root);
  let isMounted = false;
  const run: Run = async (program, args, options) =>
    args.at(-1) === "srv-accounts.mount"
      ? { status: 0, stdout: `LoadState=loaded\nActiveState=${isMounted ? "active" : "inactive"}\n`, stderr: "" }
      : systemd.run(program, args, options);
  const machine = tree.machine({ run, live: true });
  await expect(apply(machine, bundle, secret, { awaited: [1] })).rejects.toThrow(/\/srv\/accounts is not mounted/);
  expect(awaitedAccounts(machine, "web1")).toEqual([]);
  isMounted = true;
  mkdirSync(tree.at("/srv/accounts/1"), { recursive: true });
  expect(await apply(machine, bundle, secret, { awaited: [1] })).toMatchObject({ result: "applied", errors: [] });
  expect(awaitedAccounts(machine, "web1")).toEqual([]);
});
