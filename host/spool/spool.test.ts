import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Keeper } from "../../delivery/protocol/backups.ts";
import { accountGroup, bundleOf, hostGroup, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { bytesIn } from "../backups/copies.ts";
import { Unreachable } from "../backups/restic.ts";
import { Unanswered } from "../backups/turns.ts";
import type { Run } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { bringAll, forgetSpooled } from "./bring.ts";
import { cacheIn, keepKnown, trimKnown, withoutCache } from "./known.ts";
import { knownPlace, type Room, roomFor, roomOf, spoolOfAccount, waitingOf } from "./spool.ts";
import { mayWait } from "./wait.ts";

let tree: Tree;
beforeEach(() => {
  tree = new Tree();
  mkdirSync(tree.at("/var/lib/fairhost"), { recursive: true });
});
afterEach(() => tree[Symbol.dispose]());

const day = 86_400_000;
const now = Date.parse("2026-11-30T10:00:00Z");

/** A file of an account's spool, of so many bytes, made so many days ago. */
function place(account: number, path: string, bytes = 1, age = 0): void {
  const file = tree.at(join(`/srv/accounts/spool/${account}`, path));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Buffer.alloc(bytes));
  utimesSync(file, (now - age * day) / 1000, (now - age * day) / 1000);
}
const having = (allowed: number): Room => ({ allowedFor: () => allowed, seen: () => ({ bytes: 0, allowed }) });
const snapshot = (letter: string) => `waiting/web1.1.7.1/snapshots/${letter.repeat(64)}`;

test("accounts that take all that they may, in whatever order, take no more than the bound together, and each has its part", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e12 }),
      fc.array(fc.integer({ min: 0, max: 2e12 }), { minLength: 1, maxLength: 30 }),
      (bound, wanted) => {
        const taken: number[] = wanted.map(() => 0);
        for (const [index, bytes] of wanted.entries()) {
          const allowed = roomFor(
            bound,
            wanted.length,
            taken.filter((_, other) => other !== index),
          );
          expect(allowed).toBeGreaterThanOrEqual(Math.floor(bound / 2 / wanted.length));
          expect(allowed).toBeLessThanOrEqual(bound / 2 / wanted.length + bound / 4);
          taken[index] = Math.min(bytes, allowed);
        }
        expect(taken.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(bound);
      },
    ),
  );
});

test("the bound is what the host declares, a quarter of what is free if that is less, and nothing if the accounts need the rest", async () => {
  const record = (account: number) => ({
    path: `backup/accounts/${account}`,
    content: JSON.stringify({ account, site: "beta", retentionDays: 7 }),
  });
  const accounts = { 1: accountGroup(1, "one", [record(1)]), 2: accountGroup(2, "two", [record(2)]) };
  const allowed = async (freeBytes: number, spoolGb?: string) => {
    const host = hostGroup("one", spoolGb === undefined ? [] : [{ path: "backup/spool", content: `${spoolGb}\n` }]);
    await apply(tree.machine(), bundleOf(accounts, host), undefined);
    const machine = tree.machine({ space: () => ({ freeBytes, freeInodes: 1e6 }) });
    return roomOf(machine, readCurrent(machine).bundle).allowedFor(1) / 1e9;
  };
  // A half of one half, and a half of the other.
  expect(await allowed(1e12)).toBe(25);
  expect(await allowed(40e9)).toBe(5);
  expect(await allowed(1e12, "2.5")).toBe(1.25);
  expect([await allowed(1e12, "0"), await allowed(1 << 29)]).toEqual([0, 0]);
});

test("what is known of a repository and takes more than its account's part goes; restic is ended when it writes more, and has no cache of that repository then", () => {
  const machine = tree.machine();
  const keeper = { name: "bak1" } as Keeper;
  const of = (name: string) => ({ machine, account: 1, keeper, name, key: "k" });
  const room = having(100_000);
  const own = of("web1.1.7.1");
  const { cache, until } = cacheIn(own, room);
  expect([cache, until?.()]).toEqual([tree.at("/srv/accounts/spool/1/known/web1.1.7.1/cache"), undefined]);
  place(1, "known/web1.1.7.1/cache/data/aa/pack", 90_000);
  expect(until?.()).toBeUndefined();
  place(1, "known/web1.1.7.1/cache/data/bb/pack", 20_000);
  expect(until?.()).toMatch(/may take 0 MB on this host/);
  expect(withoutCache(own, room)).toEqual({});
  expect([cacheIn(own, room), existsSync(cache!)]).toEqual([{}, false]);
  // The next repository has one again, and what a killed run has left of it goes.
  expect(cacheIn(of("web1.1.7.2"), room)).toHaveProperty("cache");
  place(1, "known/web1.1.7.2/cache/data/aa/pack", 110_000);
  trimKnown(machine, 1, room);
  expect(existsSync(tree.at("/srv/accounts/spool/1/known"))).toBe(false);
  // A full disk may pass.
  place(1, "known/web1.1.7.1/cache/data/aa/pack");
  withoutCache(own, having(0));
  expect(cacheIn(own, room)).toHaveProperty("cache");
  // What waits has all of it.
  place(1, "waiting/web1.1.7.1/data/aa/pack", 200_000);
  expect(cacheIn(own, room)).toEqual({});
});

test("a backup that was made is no failure because nothing can be written of what is known of it", async () => {
  let failing = /^(?:makeDirectory|create)/;
  const observe = (operation: string, path: string) => {
    if (path.includes("/spool/") && failing.test(operation)) throw new Error(`ENOSPC: no space left, ${path}`);
  };
  const run: Run = async () => ({ status: 0, stdout: `keys/${"b".repeat(64)} aaaa\nconfig aaaa`, stderr: "" });
  const machine = tree.machine({ observe, run });
  const own = { machine, account: 1, keeper: { name: "bak1", address: "::1" } as Keeper, name: "web1.1.7.1", key: "k" };
  const room = having(100_000);
  expect(cacheIn(own, room)).toEqual({});
  place(1, `known/web1.1.7.1/cache/${"a".repeat(64)}/index/${"c".repeat(64)}`);
  place(1, "known/web1.1.7.1/keys/half");
  await keepKnown(own, room);
  // Half of it would be taken for all.
  expect(existsSync(tree.at("/srv/accounts/spool/1/known/web1.1.7.1"))).toBe(false);
  failing = /^remove/;
  place(1, "known/web1.1.7.1/cache/data/aa/pack", 110_000);
  trimKnown(machine, 1, room);
  place(2, "known/web1.1.7.1/config");
  forgetSpooled(machine, new Set([1]), now);
  expect(machine.said).toEqual([
    expect.stringMatching(/^account 1: restic remembers nothing of web1\.1\.7\.1: ENOSPC/),
    expect.stringMatching(/^account 1: nothing is known of web1\.1\.7\.1: ENOSPC/),
    expect.stringMatching(/^account 1: what is known of its backups stays: ENOSPC/),
    expect.stringMatching(/^account 2: what is kept of its backups stays: ENOSPC/),
  ]);
});

test("one backup of each day waits; those that the backup host has do not count, nor what restic has not ended", () => {
  const machine = tree.machine();
  expect(waitingOf(machine, 1)).toEqual({ snapshots: [], newest: 0 });
  place(1, snapshot("a"), 1, 9);
  place(1, snapshot("a").replace("/snapshots/", "/base/"), 1, 9);
  place(1, `${snapshot("b")}-tmp-17`);
  expect(waitingOf(machine, 1)).toEqual({ snapshots: [], newest: 0 });
  expect(mayWait(machine, 1, new Date(now))).toBe(true);
  place(1, snapshot("b"), 1, 1);
  expect([mayWait(machine, 1, new Date(now)), mayWait(machine, 1, new Date(now - day))]).toEqual([true, false]);
  place(1, snapshot("c"));
  expect(mayWait(machine, 1, new Date(now + 13 * 3_600_000))).toBe(false);
  expect(waitingOf(machine, 1)).toEqual({
    snapshots: ["b", "c"].map((letter) => snapshot(letter).slice("waiting/".length)),
    newest: now,
  });
});

test("of accounts that are not backed up here any more, what waits stays for 30 days with runs, whatever the clock says, and what is known goes", () => {
  const machine = tree.machine();
  for (const account of [1, 2, 4]) place(account, "known/web1.1.7.1/config");
  for (const account of [1, 2, 3]) place(account, snapshot("a"), 1, 90);
  const left = () => [1, 2, 3].filter((account) => waitingOf(machine, account).snapshots.length > 0);
  const after = (days: number, ...declared: readonly number[]) =>
    forgetSpooled(machine, new Set(declared), now + days * day);
  after(0, 1);
  expect([1, 2, 4].map((account) => existsSync(knownPlace(machine, account)))).toEqual([true, false, false]);
  expect(existsSync(spoolOfAccount(machine, 4))).toBe(false);
  // A clock that is set forward, stays so, and is set back.
  for (const days of [400, 400.1, 400.2, 0.3]) after(days, 1);
  expect(left()).toEqual([1, 2, 3]);
  // What has counted counts no more for an account that was here meanwhile.
  for (let days = 1; days <= 28; days++) after(days, 1, ...(days === 20 ? [3] : []));
  expect(left()).toEqual([1, 2, 3]);
  for (const days of [29, 30]) after(days, 1);
  expect(left()).toEqual([1, 3]);
  for (let days = 31; days <= 60; days++) after(days, 1);
  expect(left()).toEqual([1]);
  // The last one leaves none behind.
  after(61);
  after(62, 1);
  expect(readFileSync(tree.at("/var/lib/fairhost/left-waiting.json"), "utf8")).toBe("{}\n");
});

test("an account whose connection fails keeps no other one's backups waiting, before three of them fail", async () => {
  const machine = tree.machine();
  const bring = async (bad: readonly number[]) => {
    const tried: number[] = [];
    const accounts = [1, 2, 3, 4, 5].map((account) => {
      place(account, snapshot("a"));
      return { record: { account, site: "beta", retentionDays: 7 }, keeper: { name: "bak1" } as Keeper };
    });
    const unanswered = new Unanswered();
    // Its backup of now has failed.
    unanswered.add("bak1");
    const wrong = await bringAll(machine, accounts, unanswered, false, async ({ account }) => {
      tried.push(account);
      if (bad.includes(account)) throw new Unreachable("it breaks off");
    });
    return { tried, wrong: wrong.length };
  };
  expect(await bring([])).toEqual({ tried: [1, 2, 3, 4, 5], wrong: 0 });
  expect(await bring([1])).toEqual({ tried: [1, 2, 3, 4, 5], wrong: 1 });
  expect(await bring([1, 3])).toEqual({ tried: [1, 2, 3], wrong: 2 });
});

test("what goes away while it is counted takes nothing", async () => {
  place(1, snapshot("a"), 5000);
  const script = `d="$1"; while :; do mkdir -p "$d/b/c/d"; : >"$d/b/c/d/e"; rm -r "$d/b"; done`;
  const other = spawn("sh", ["-c", script, "sh", tree.at("/srv/accounts/spool/1")], { stdio: "ignore" });
  try {
    // Until some were found while they were there.
    for (let met = 0; met < 100; ) {
      if (existsSync(tree.at("/srv/accounts/spool/1/b"))) met++;
      expect(bytesIn(tree.at("/srv/accounts/spool/1"))).toBe(8192);
    }
  } finally {
    other.kill("SIGKILL");
    await once(other, "close");
  }
});
