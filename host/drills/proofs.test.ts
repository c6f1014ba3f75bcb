import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Proof } from "../../delivery/protocol/proofs.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { writeState } from "../backups/state.ts";
import { lookAtBackups } from "../inspect/checks/backups.ts";
import { lookAtProofs } from "../inspect/checks/proofs.ts";
import { beginProofs, drilledSince, keepProof, provenOf, removeOld, storedProofs } from "./proofs.ts";
import { keepUntried, readUntried } from "./untried.ts";

const day = 86_400_000;
const record = { account: 1, site: "beta", retentionDays: 7, proofDays: 30 };
const bundle = bundleOf({
  1: accountGroup(1, "one", [{ path: "backup/accounts/1", content: JSON.stringify(record) }]),
});

let tree: Tree;
let machine: ReturnType<Tree["machine"]>;
beforeEach(() => {
  tree = new Tree();
  machine = tree.machine();
  mkdirSync(tree.at("etc/ssh"), { recursive: true });
  mkdirSync(tree.at("srv/accounts/1"), { recursive: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", tree.at("etc/ssh/ssh_host_ed25519_key")]);
});
afterEach(() => tree[Symbol.dispose]());

/** Keeps a record of a drill of some days ago. */
async function drilled(days: number, outcome: Proof["outcome"] = "restored", account = 1): Promise<Proof> {
  const proof: Proof = {
    ...{ account, of: "web1", on: "web1", time: new Date(Date.now() - days * day).toISOString() },
    files: { restored: 1, bytes: 5, identical: 1, changedSince: 0 },
    ...{ databases: [], seconds: { restore: 4.5, drill: 6 }, outcome, wrong: outcome === "failed" ? ["damaged"] : [] },
  };
  await keepProof(machine, proof);
  return proof;
}
const found = async (days = 0) =>
  (await lookAtProofs(machine, bundle, Date.now() + days * day)).map(
    ({ kind, note, message }) => `${kind}${note ? " (note)" : ""}: ${message}`,
  );

describe("a record that is dated in the future", () => {
  test("is said, and those before it count", async () => {
    const old = await drilled(40);
    const future = await drilled(-1);
    expect(await provenOf(machine, "web1", 1)).toMatchObject({ last: { time: old.time } });
    expect(await found()).toEqual([
      expect.stringMatching(RegExp(`^proof-invalid: .*: it is dated ${future.time}, in the future$`)),
      expect.stringMatching(/^proof-late: there is no proof of the last 30 days/),
    ]);
  });

  test("is taken if only clocks differ", async () => {
    await drilled(-0.001);
    expect(await found()).toEqual([]);
  });
});

test("a backup that is dated in the future is late", () => {
  const late = (days: number) => {
    const time = new Date(Date.now() - days * day).toISOString();
    const last = { time, keeper: "bak1", repository: "x", snapshot: "x", bytes: 1, files: 1 };
    writeState(machine, 1, { last });
    return lookAtBackups(machine, bundle).map(({ kind, message }) => `${kind}: ${message}`);
  };
  expect(late(0)).toEqual([]);
  expect(late(2)).toHaveLength(1);
  expect(late(-1)).toEqual([expect.stringMatching(/^backup-late: .* its newest is of .*, in the future$/)]);
});

describe("without any proof", () => {
  test("the time begins with the apply that brings drills, whether they run or not", async () => {
    // Nobody has drilled, and nothing was begun: the account's own age counts.
    expect(await found()).toEqual([]);
    expect(await found(31)).toEqual([expect.stringMatching(/^proof-late: .* it was never restored$/)]);
    beginProofs(machine);
    expect(await found()).toEqual([]);
    expect(await found(31)).toHaveLength(1);
  });

  test("a date in the future begins nothing", async () => {
    expect(drilledSince(machine, 1, Date.now() - 2 * day)).toBeUndefined();
    expect(await found(-2)).toEqual([expect.stringMatching(/^proof-late: .* it was never restored$/)]);
  });
});

describe("records of an account", () => {
  test("are the newest eleven at the most, and the newest that succeeded", async () => {
    const proof = await drilled(20);
    for (let count = 0; count < 13; count++) await drilled(10, "failed");
    expect(storedProofs(machine).get(1)).toHaveLength(11);
    expect((await provenOf(machine, "web1", 1)).last?.time).toBe(proof.time);
    const path = tree.at("var/lib/fairhost/proofs/1.json");
    const all = JSON.parse(readFileSync(path, "utf8")) as unknown[];
    writeFileSync(path, JSON.stringify([...all, ...all, ...all]));
    expect(storedProofs(machine).get(1)).toHaveLength(11);
  });

  test("go when it has been gone for a year", async () => {
    await drilled(0, "restored", 1);
    await drilled(0, "restored", 2);
    await drilled(0, "restored", 3);
    const path = (account: number) => tree.at(`var/lib/fairhost/proofs/${account}.json`);
    const old = (Date.now() - 367 * day) / 1000;
    for (const account of [1, 2]) utimesSync(path(account), old, old);
    removeOld(machine, new Set([1]));
    expect([1, 2, 3].map((account) => existsSync(path(account)))).toEqual([true, false, true]);
  });
});

test("a drill that could not be tried is a note, then drift, beside the missing proof, until one is tried", async () => {
  await drilled(25);
  const keep = (tried: number[], untried: [number, string][], days = 0) =>
    keepUntried(machine, new Set([1]), new Set(tried), new Map(untried), new Date(Date.now() + days * day));
  keep([], [[1, "bak1 cannot be reached"]]);
  keep([], [[1, "bak1 cannot be reached"]], 1);
  expect(await found(1)).toEqual([
    expect.stringMatching(/^proof-untried \(note\): .* account 1 since 20.*: bak1 cannot be reached$/),
    expect.stringMatching(/^proof-late \(note\): /),
  ]);
  expect(await found(6)).toEqual([expect.stringMatching(/^proof-untried: /), expect.stringMatching(/^proof-late: /)]);
  // Of a clock that was ahead.
  expect((await found(-1))[0]).toMatch(/^proof-untried: /);
  keep([], [[1, "bak1 cannot be reached"]], -1);
  expect(Date.parse(readUntried(machine)[1]!.since)).toBeLessThan(Date.now() - day / 2);
  keep([1], []);
  expect(readUntried(machine)).toEqual({});
});
