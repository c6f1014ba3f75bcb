import { lutimesSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../../testing/fakes/host-tree.ts";
import { apply } from "../../apply/apply.ts";
import type { Machine, Run } from "../../os/machine.ts";
import { findDrift } from "../../store/file-drift.ts";
import { readCurrent } from "../../store/generations.ts";
import { findOverlays } from "./overlays.ts";
import { lookAtProcesses, lookAtReloads, showUnits } from "./units.ts";

/** Instances of a template of the bundle (a socket with Accept=yes makes one for each connection) are known to drift. */

const template = "account-1-ssh@.service";
const instance = "account-1-ssh@3-[2001:db8::1]:22-[2001:db8::9]:50123.service";
const bundle = bundleOf({
  1: accountGroup(1, "one", [{ path: `systemd/${template}`, content: "[Service]\nExecStart=/usr/sbin/sshd -i\n" }]),
  2: accountGroup(2),
});

async function deployed(): Promise<Tree> {
  const tree = new Tree();
  await apply(tree.machine(), bundle, secret);
  return tree;
}

function runningIn(tree: Tree, slice: string, unit: string): void {
  const cgroup = tree.at(`/sys/fs/cgroup/account.slice/${slice}/${unit}`);
  mkdirSync(cgroup, { recursive: true });
  writeFileSync(`${cgroup}/cgroup.procs`, "4711\n");
}

test("its process is the account's own; one of another template, or in a neighbour's slice, is foreign", async () => {
  using tree = await deployed();
  runningIn(tree, "account-1.slice", instance);
  expect(lookAtProcesses(tree.machine(), bundle)).toEqual([]);
  runningIn(tree, "account-1.slice", "account-1-miner@1.service");
  runningIn(tree, "account-2.slice", instance);
  expect(lookAtProcesses(tree.machine(), bundle).map(({ group, kind, what }) => [group, kind, what])).toEqual([
    ["account-1", "foreign-process", "account-1-miner@1.service"],
    ["account-2", "foreign-process", instance],
  ]);
});

test("a mask or a drop-in for it alone is found as one of the account's unit", async () => {
  using tree = await deployed();
  mkdirSync(tree.at(`/run/systemd/system/${instance}.d`), { recursive: true });
  writeFileSync(tree.at(`/run/systemd/system/${instance}.d/x.conf`), "[Service]\nPrivateNetwork=no\n");
  symlinkSync("/dev/null", tree.at("/run/systemd/system/account-1-ssh@4.service"));
  symlinkSync("/dev/null", tree.at("/run/systemd/system/account-1-miner@4.service"));
  const found = findOverlays(tree.machine(), bundle);
  expect(found.map(({ difference: { group, kind }, units }) => [group, kind, units]).sort()).toEqual([
    ["account-1", "unit-masked", ["account-1-ssh@4.service"]],
    ["account-1", "unit-overridden", [instance]],
  ]);
});

/** A machine whose systemd has read all units an hour ago, and calls every unit outdated that it is asked about. */
function asking(tree: Tree, asked: string[]): Machine {
  const hourAgo = Number(process.hrtime.bigint() / 1000n) - 3_600_000_000;
  const run: Run = async (_program, args) => {
    if (args.includes("--property=UnitsLoadTimestampMonotonic")) {
      return { status: 0, stdout: `${Math.max(1, hourAgo)}\n`, stderr: "" };
    }
    const units = args.slice(args.indexOf("--") + 1);
    asked.push(...units);
    return {
      status: 0,
      stdout: units.map((unit) => `Id=${unit}\nNeedDaemonReload=yes\nMainPID=0\n`).join("\n"),
      stderr: "",
    };
  };
  return tree.machine({ live: true, run });
}

/** The units, and when their hooks had run: hours ago. */
function age(tree: Tree, hours: { files: number; complete: number }): void {
  const past = (ago: number) => new Date(Date.now() - ago * 3_600_000);
  const units = tree.at("/var/lib/fairhost/current/systemd");
  for (const name of readdirSync(units, { recursive: true, encoding: "utf8" }))
    lutimesSync(join(units, name), past(hours.files), past(hours.files));
  utimesSync(tree.at("/var/lib/fairhost/applied.json"), past(hours.complete), past(hours.complete));
}

test("it is asked about once its template was written after systemd read it, and told in the account's group", async () => {
  using tree = await deployed();
  const states = new Map([[instance, "active"]]);
  const generation = readCurrent(tree.machine());
  const asked: string[] = [];
  age(tree, { files: 2, complete: 2 });
  await showUnits(asking(tree, asked), generation, states);
  expect(asked).toEqual([]);
  utimesSync(tree.at(`/var/lib/fairhost/current/systemd/${template}`), new Date(), new Date());
  const shown = await showUnits(asking(tree, asked), generation, states);
  expect(asked).toEqual([instance]);
  expect(lookAtReloads(bundle, shown, false).map(({ group, kind, what }) => [group, kind, what])).toEqual([
    ["account-1", "unit-not-reloaded", instance],
  ]);
});

test("of files that a run has found already none is looked at again, nor is one left out that it has not found", async () => {
  using tree = await deployed();
  const states = new Map([[instance, "active"]]);
  const generation = readCurrent(tree.machine());
  age(tree, { files: 2, complete: 2 });
  const { inodes } = findDrift(tree.machine().layout.current, generation);
  utimesSync(tree.at(`/var/lib/fairhost/current/systemd/${template}`), new Date(), new Date());
  const asked: string[] = [];
  await showUnits(asking(tree, asked), generation, states, inodes);
  expect(asked).toEqual([]);
  const others = new Map([...inodes].filter(([path]) => path !== `systemd/${template}`));
  await showUnits(asking(tree, asked), generation, states, others);
  expect(asked).toEqual([instance]);
  asked.length = 0;
  const { inodes: again } = findDrift(tree.machine().layout.current, generation);
  await showUnits(asking(tree, asked), generation, states, again);
  expect(asked).toEqual([instance]);
});

test.each([
  ["nor is it if an apply has brought it into force since", { files: 0.4, complete: 0.2 }, 0, []],
  ["but it is if that apply did not come to its end", { files: 0.4, complete: 0.2 }, 1, [instance]],
  ["and if nobody can tell: its end lies in the future", { files: 0.4, complete: -1 }, 0, [instance]],
])("%s", async (_name, hours, later, expected) => {
  using tree = await deployed();
  age(tree, hours);
  const generation = readCurrent(tree.machine());
  const asked: string[] = [];
  const inForce = { ...generation, number: generation.number + later };
  await showUnits(asking(tree, asked), inForce, new Map([[instance, "active"]]));
  expect(asked).toEqual(expected);
});

test("a question about it that systemd leaves unanswered is asked again", async () => {
  using tree = await deployed();
  age(tree, { files: 0, complete: 1 });
  const asked: string[] = [];
  const machine = asking(tree, asked);
  const silent = {
    ...machine,
    run: (...call: Parameters<typeof machine.run>) =>
      call[1].includes("--property=Id,NeedDaemonReload,MainPID") && asked.push("unanswered") === 1
        ? Promise.resolve({ status: 1, stdout: "", stderr: "Connection timed out" })
        : machine.run(...call),
  };
  const shown = await showUnits(silent, readCurrent(tree.machine()), new Map([[instance, "active"]]));
  expect(asked[0]).toBe("unanswered");
  expect(shown.get(instance)).toEqual({ needsReload: true, mainPid: 0 });
});
