import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import { FakeSystemd } from "../../testing/fakes/fake-systemd.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "./apply.ts";
import { init } from "./init.ts";
import { recover } from "./retire.ts";

/** A host with accounts 1 and 2 up, and a way to send it more. */
async function host(tree: Tree) {
  const systemd = new FakeSystemd(tree.root);
  const send = (bundle: Bundle) => apply(tree.machine({ run: systemd.run, live: true }), bundle, secret);
  await init(tree.machine({ run: systemd.run, live: true }));
  await send(bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }));
  systemd.calls.length = 0;
  return { systemd, send };
}

const isBad = (_: string, text: string) => text.includes("bad");

test("a host unit that does not start rolls everything back", async () => {
  using tree = new Tree();
  const { systemd, send } = await host(tree);
  systemd.broken = isBad;
  const report = await send(bundleOf({ 1: accountGroup(1, "new"), 3: accountGroup(3) }, hostGroup("bad")));
  expect(report).toMatchObject({ result: "rolled-back", generation: "1", changedGroups: [] });
  expect(report.errors[0]).toMatchObject({ group: "host", path: "fairhost.target" });
  expect([...systemd.running.keys()].sort()).toEqual([
    "account-1-http-blog.socket",
    "account-2-http-blog.socket",
    "fairhost.target",
  ]);
  expect(existsSync(tree.at("/var/lib/fairhost/generations/2"))).toBe(false);
});

test("an account whose socket does not start is rolled back alone", async () => {
  using tree = new Tree();
  const { systemd, send } = await host(tree);
  systemd.broken = (name) => name === "account-3-http-blog.socket";
  const report = await send(bundleOf({ 1: accountGroup(1, "new"), 2: accountGroup(2), 3: accountGroup(3) }));
  expect(report).toMatchObject({ result: "partial", changedGroups: ["account-1"], generation: "3" });
  expect(report.errors).toMatchObject([{ group: "account-3", path: "account-3-http-blog.socket" }]);
  expect(systemd.text("account-1-http-blog.service")).toContain("new");
  expect(systemd.text("account-3.slice")).toBeUndefined();
});

test("an account that leaves: systemd may unload its service before the stop, but it must not keep running", async () => {
  using tree = new Tree();
  const { systemd, send } = await host(tree);
  const without = bundleOf({ 1: accountGroup(1) });
  systemd.passing.add("account-2-http-blog.service");
  expect(await send(without)).toMatchObject({ result: "applied", errors: [] });
  await send(bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }));
  systemd.request("account-2-http-blog.service");
  systemd.stuck.add("account-2-http-blog.service");
  const report = await send(without);
  expect(report.result).toBe("rolled-back");
  expect(report.errors[0]).toMatchObject({
    group: "host",
    message: expect.stringContaining("Job for account-2-http-blog.service canceled."),
  });
});

test("a failing program of an account does not fail the deploy", async () => {
  using tree = new Tree();
  const { systemd, send } = await host(tree);
  const group = accountGroup(3);
  const name = "account-3-http-blog.service";
  const program = sealGroup({ ...group, units: [...group.units.slice(0, 1), { name, want: "start", restartOn: [] }] });
  systemd.broken = (unit) => unit === name;
  const bundle = bundleOf({ 1: accountGroup(1), 2: accountGroup(2), 3: program });
  expect(await send(bundle)).toMatchObject({ result: "applied", errors: [] });
  expect(await send(bundle)).toMatchObject({ result: "unchanged", hooks: [] });
});

test("after a validator's complaint an account keeps its old files; a complaint about the host stops everything", async () => {
  using tree = new Tree();
  const { systemd, send } = await host(tree);
  const path = (name: string) => `/var/lib/fairhost/current/systemd/${name}`;
  systemd.refuse = (program, staged) =>
    program === "systemd-analyze" && existsSync(`${staged}/systemd/account-3.slice`)
      ? `${path("account-3.slice")}:1: Missing '=', ignoring line.`
      : undefined;
  const bundle = bundleOf({ 1: accountGroup(1, "new"), 2: accountGroup(2), 3: accountGroup(3) });
  expect(await send(bundle)).toMatchObject({
    result: "partial",
    changedGroups: ["account-1"],
    errors: [{ group: "account-3", path: "systemd/account-3.slice" }],
  });
  systemd.refuse = () => `${path("fairhost.target")}:1: Missing '=', ignoring line.`;
  systemd.calls.length = 0;
  expect(await send(bundleOf({ 1: accountGroup(1) }, hostGroup("new")))).toMatchObject({
    result: "rolled-back",
    generation: "2",
  });
  expect(systemd.calls.filter((call) => !/list-units|show/.test(call))).toEqual([]);
});

test("after a boot on a generation that does not run, recover goes back to the last that did", async () => {
  using tree = new Tree();
  const { systemd } = await host(tree);
  const run: typeof systemd.run = async (program, args, options) => {
    if (args.includes("daemon-reload")) throw new Error("power cut");
    return systemd.run(program, args, options);
  };
  const bad = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) }, hostGroup("bad"));
  await expect(apply(tree.machine({ run, live: true }), bad, secret)).rejects.toThrow("power cut");
  systemd.running.clear();
  systemd.broken = isBad;
  await systemd.run("systemctl", ["daemon-reload"]);
  const report = await recover(tree.machine({ run: systemd.run, live: true }));
  expect(report).toMatchObject({ result: "rolled-back", generation: "1" });
  expect(systemd.running.has("fairhost.target")).toBe(true);
  expect(await recover(tree.machine({ run: systemd.run, live: true }))).toBeUndefined();
});
