import { afterEach, beforeEach, expect, test } from "vitest";
import { accountGroup, bundleOf, hostGroup, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import type { RunOptions } from "../os/machine.ts";
import { readCopyState } from "./copies.ts";
import { fetchBackups } from "./fetch.ts";

let tree: Tree;
beforeEach(() => (tree = new Tree()));
afterEach(() => tree[Symbol.dispose]());

const keeper = (site: string, index: number) => ({ name: `bak${index}`, site, address: `fd00::${index}` });

/** The standby of accounts whose backups are at these sites, each of which has one backup host; those at "ill" never give a list, the others an empty one. */
async function standbyOf(sites: Readonly<Record<number, "ill" | "well">>, minutes = 60) {
  /** Accounts that lists were asked for, in order, and how long each may take. */
  const asked: number[] = [];
  const times: (number | undefined)[] = [];
  const run = async (_program: string, args: readonly string[], options: RunOptions = {}) => {
    const to = args.find((word) => word.includes("@"))!;
    asked.push(Number(/^a(\d+)@/.exec(to)![1]));
    times.push(options.timeout);
    return to.endsWith("fd00::1")
      ? { status: 124, stdout: "", stderr: "ssh: it took longer" }
      : { status: 0, stdout: "", stderr: "" };
  };
  const machine = tree.machine({ run });
  const records = Object.entries(sites).map(([account, site]) => ({
    account: Number(account),
    site,
    minutes,
    bytes: 1e9,
  }));
  const files = [
    { path: "backup/keepers", content: JSON.stringify([keeper("ill", 1), keeper("well", 2)]) },
    { path: "standby/copies", content: records.map((record) => `${JSON.stringify(record)}\n`).join("") },
  ];
  await apply(machine, bundleOf({ 1: accountGroup(1) }, hostGroup("one", files)), undefined);
  return {
    machine,
    /** Accounts that the next run asks for, and what it says of those without a copy. */
    async next(due: boolean) {
      asked.length = 0;
      return { wrong: await fetchBackups(machine, [], due), asked: [...asked] };
    },
    times,
  };
}

test("a list may take as long as the account's share of the time, and ten minutes if somebody asked for it", async () => {
  for (const [minutes, due, seconds] of [
    [15, true, 225],
    [120, true, 600],
    [15, false, 600],
  ] as const) {
    const { next, times } = await standbyOf({ 1: "ill" }, minutes);
    await next(due);
    expect(times).toEqual([seconds * 1000]);
  }
});

test("a backup host that gives no list for three accounts is not asked for more in that run, and others are; the next run begins with those that were left", async () => {
  const { machine, next } = await standbyOf({ 1: "ill", 2: "ill", 3: "ill", 4: "ill", 5: "well", 6: "ill", 7: "ill" });
  const { wrong, asked } = await next(true);
  expect(asked).toEqual([1, 2, 3, 5]);
  const lacks = (account: number, why: string) =>
    `account ${account}: its copy does not have its newest backup: bak1 ${why}`;
  expect(wrong).toEqual([
    ...[1, 2, 3].map((account) => lacks(account, "does not answer: ssh: it took longer (exit status 124)")),
    ...[4, 6, 7].map((account) => lacks(account, "gave no list for 3 other accounts")),
  ]);
  expect([1, 4].map((account) => readCopyState(machine, account)?.failed !== undefined)).toEqual([true, false]);
  expect((await next(true)).asked).toEqual([4, 6, 7]);
  expect((await next(true)).asked).toEqual([1, 2, 3]);
});
