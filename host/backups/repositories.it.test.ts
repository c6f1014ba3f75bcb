import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { keptRecords, repositoriesDirectory, standbyLinks } from "../../delivery/protocol/backups.ts";
import { accountGroup, bundleOf, hostGroup, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { expireBackups, readExpired, verifyBackups } from "./repositories.ts";

/** What a backup host keeps, on a real file system and as the accounts' own users; no SSH and no key is needed. */
let tree: Tree;
const day = 86_400_000;
const now = new Date("2026-11-27T12:00:00Z");
const at = (account: number, path = "") => tree.at(`/srv/accounts/${account}/${repositoriesDirectory}/${path}`);

const kept = (account: number, retentionDays: number, often: boolean) =>
  accountGroup(account, "one", [
    { path: `${keptRecords}${account}`, content: `${JSON.stringify({ account, retentionDays })}\n` },
    ...(often ? [{ path: `${standbyLinks}a${account}`, link: "../copying/spare1" }] : []),
  ]);
/** @param often an account with a standby */
const declare = (accounts: Readonly<Record<number, number>>, often?: number) =>
  apply(
    tree.machine(),
    bundleOf(
      Object.fromEntries(
        Object.entries(accounts).map(([of, days]) => [of, kept(Number(of), days, Number(of) === often)]),
      ),
      hostGroup(),
    ),
  );

/** A repository with snapshots that came so many days ago. */
function snapshots(account: number, ...ages: readonly number[]): void {
  snapshotsIn("web1.1.7.1", account, ...ages);
}
function snapshotsIn(repository: string, account: number, ...ages: readonly number[]): void {
  const own = join(at(account), repository);
  for (const path of [at(account), own, join(own, "snapshots")]) {
    mkdirSync(path, { recursive: true });
    chownSync(path, 200_000 + account, 200_000 + account);
  }
  for (const age of ages) {
    const path = join(own, "snapshots", `${age}`.padStart(64, "0"));
    const seconds = (now.getTime() - age * day) / 1000;
    writeFileSync(path, "");
    utimesSync(path, seconds, seconds);
  }
}
const isThere = (account: number, age: number) =>
  existsSync(at(account, `web1.1.7.1/snapshots/${`${age}`.padStart(64, "0")}`));

beforeEach(async () => {
  tree = new Tree();
  // Accounts come through it to what is theirs.
  chmodSync(tree.root, 0o711);
  await declare({ 7: 7, 8: 7 });
});
afterEach(() => tree[Symbol.dispose]());

test("what is older than its time goes, however many there are; the newest stays", async () => {
  const old = Array.from({ length: 20_000 }, (_, index) => 8.1 + index / 1000);
  snapshots(7, 0, 6, ...old);
  snapshots(8, 0);
  const { removed, wrong } = await expireBackups(tree.machine(), now);
  expect([removed.length, wrong]).toEqual([20_000, []]);
  expect([0, 6].map((age) => isThere(7, age))).toEqual([true, true]);
});

test("an account that cannot be read is said, and the others are done all the same", async () => {
  snapshots(7, 0, 9);
  snapshots(8, 0, 9);
  // What root of a host that somebody has taken over could leave there.
  chownSync(at(7, "web1.1.7.1/snapshots"), 0, 0);
  chmodSync(at(7, "web1.1.7.1/snapshots"), 0o700);
  const { wrong } = await expireBackups(tree.machine(), now);
  expect(wrong).toEqual([
    expect.stringMatching(/^account 7: its old backups were not all removed: .*Permission denied/s),
  ]);
  expect([isThere(7, 9), isThere(8, 9)]).toEqual([true, false]);
});

test("of an account that is backed up often, each day before the last two keeps the first and the last one, and only then", async () => {
  await declare({ 7: 7, 8: 7 }, 7);
  // At noon: 2.25 is 6 o'clock, 2.4 is 2:24, and 3.6 is of the day before 3.45.
  const ages = [0, 0.1, 1.9, 2.1, 2.25, 2.4, 3.45, 3.6, 3.7, 5.1, 6.1, 7.1];
  for (const account of [7, 8]) snapshots(account, ...ages);
  await expireBackups(tree.machine(), now);
  expect(ages.filter((age) => !isThere(7, age))).toEqual([2.25]);
  expect(ages.filter((age) => !isThere(8, age))).toEqual([]);
});

test("a day on which backups came that had waited keeps one more for each day before it on which none came", async () => {
  await declare({ 7: 7, 8: 7 }, 7);
  // None came for three days. Then came that of the day itself, those that had waited, and others.
  const ages = [0, 1.1, 2.1, 2.15, 2.2, 2.25, 2.3, 2.35, 6.1, 6.2, 6.3, 7.1];
  snapshots(7, ...ages);
  await expireBackups(tree.machine(), now);
  expect(ages.filter((age) => !isThere(7, age))).toEqual([2.15, 6.2]);
});

test("what came after midnight of backups that had waited has the places that were not used before", async () => {
  await declare({ 7: 11, 8: 7 }, 7);
  // None came for six days. Then that of the day itself and four that had waited came before midnight, and after it three and those of that day, one too many.
  const ages = [0, 2.3, 3.1, 3.15, 3.2, 3.25, 3.3, 3.4, 3.51, 3.52, 3.53, 3.54, 3.6, 11.1];
  snapshotsIn("web1.1.30.1", 7, ...ages);
  await expireBackups(tree.machine(), now);
  const there = readdirSync(at(7, "web1.1.30.1/snapshots"))
    .map(Number)
    .sort((left, right) => left - right);
  expect(there).toEqual(ages.filter((age) => age !== 3.15));
});

test("what is dated in the future by a clock that was ahead is not new, and stays until its time is over", async () => {
  // The host stopped bringing after one backup with the wrong clock.
  snapshots(7, -30, 3, 9);
  snapshots(8, -30, 1, 9);
  await expireBackups(tree.machine(), now);
  expect([-30, 3, 9].filter((age) => !isThere(7, age))).toEqual([]);
  expect([-30, 1, 9].filter((age) => !isThere(8, age))).toEqual([9]);
});

test("a branch goes when its backups are two days old, whether the account is still backed up often or not; the newest backup stays", async () => {
  await declare({ 7: 7, 8: 7 }, 7);
  for (const account of [7, 8]) {
    snapshots(account, 1.1, 2.2, 3.2, 3.3, 3.4, 4.4, 5.4, 6.4, 7.4);
    snapshotsIn("web1.1.7.1.20781", account, 0.1, 1);
    snapshotsIn("web1.1.7.1.20779", account, 2.1, 2.15);
    // A run that was killed has left the first, and one is at work on the second, whose links are of old files.
    snapshotsIn(".web1.1.7.1.20778", account, 3);
    for (const path of ["snapshots", "."]) utimesSync(at(account, `.web1.1.7.1.20778/${path}`), 0, 0);
    snapshotsIn(".web1.1.7.1.20782", account);
  }
  await expireBackups(tree.machine(), now);
  for (const account of [7, 8])
    expect(readdirSync(at(account)).sort()).toEqual([".web1.1.7.1.20782", "web1.1.7.1", "web1.1.7.1.20781"]);
  expect(readdirSync(at(7, "web1.1.7.1.20781/snapshots"))).toHaveLength(2);
  expect([1.1, 2.2, 3.2, 3.3, 3.4].filter((age) => !isThere(7, age))).toEqual([3.3]);
  expect([1.1, 2.2, 3.2, 3.3, 3.4].filter((age) => !isThere(8, age))).toEqual([]);
});

test("if hosts bring nothing, branches stay", async () => {
  snapshots(7, 5.2);
  snapshotsIn("web1.1.7.1.20776", 7, 5, 5.1);
  await expireBackups(tree.machine(), now);
  expect(readdirSync(at(7, "web1.1.7.1.20776/snapshots"))).toHaveLength(2);
});

test("three days in which hosts bring nothing cost no backup that is not over", async () => {
  const ages = [3, 4, 5, 6, 7, 8, 9, 10];
  snapshots(7, ...ages);
  snapshots(8, 0, ...ages);
  const after = (days: number) => expireBackups(tree.machine(), new Date(now.getTime() + days * day));
  for (const days of [-2, -1, 0]) expect((await after(days)).wrong).toEqual([]);
  // Of the first account one was over while hosts still brought.
  expect(ages.filter((age) => !isThere(7, age))).toEqual([10]);
  expect(ages.filter((age) => !isThere(8, age))).toEqual([9, 10]);
  // Hosts bring again, and what is over goes.
  snapshots(7, 0);
  await after(0);
  expect([0, ...ages].filter((age) => !isThere(7, age))).toEqual([9, 10]);
});

test.each([
  ["a day ahead for a run", 1, 0],
  ["a day ahead from now on", 1, 1],
  ["a day behind when backups came", 0, 1],
])("a clock that is %s costs no backup before its time", async (_, wrong, then) => {
  const ages = [0, 3, 4, 5, 6, 6.9, 9.1];
  snapshots(7, ...ages);
  for (const days of [0, wrong, then]) await expireBackups(tree.machine(), new Date(now.getTime() + days * day));
  expect(ages.filter((age) => !isThere(7, age))).toEqual([9.1]);
});

test("on a full disk a run says that it cannot remember its time, and the next one removes nothing too early for that", async () => {
  snapshots(7, 0, 6, 9);
  snapshots(8, 0);
  await expireBackups(tree.machine(), new Date(now.getTime() - day));
  const { state } = tree.machine().layout;
  const fill = `cp -a "$1" "$1.copy" && mount -t tmpfs -o size=4m,mode=700 full "$1" && cp -a "$1.copy/." "$1" && ! cat /dev/zero >"$1/fill"`;
  execFileSync("sh", ["-c", fill, "sh", state], { stdio: "ignore" });
  try {
    const { removed, wrong } = await expireBackups(tree.machine(), now);
    expect(removed).toEqual([expect.stringContaining(`${9}`.padStart(64, "0"))]);
    expect(wrong).toEqual([
      expect.stringMatching(/^what was done cannot be written to .*repositories\.json: .*ENOSPC/),
    ]);
    // On a day on which the first account's files are read, what is found cannot be remembered either; its old backups went all the same.
    const read = await expireBackups(tree.machine(), new Date(now.getTime() + 6 * day));
    expect(read.wrong).toEqual([expect.stringMatching(/^account 7: what was done cannot be written to /), ...wrong]);
    // However late the clock says that it is: from the last time that is remembered a day and a half pass at most.
    const later = await expireBackups(tree.machine(), new Date(now.getTime() + 30 * day));
    expect([later.removed, later.wrong]).toEqual([[], wrong]);
  } finally {
    execFileSync("umount", [state]);
  }
  expect([0, 6].map((age) => isThere(7, age))).toEqual([true, true]);
});

test("a damaged file is named once, however many branches have it", async () => {
  snapshots(7, 0);
  const [file, branch] = ["web1.1.7.1", "web1.1.7.1.20781"].map((name) => at(7, `${name}/data/aa`));
  for (const path of [file!, branch!]) mkdirSync(path, { recursive: true });
  const name = "aa".padEnd(64, "0");
  writeFileSync(join(file!, name), "x");
  linkSync(join(file!, name), join(branch!, name));
  for (const path of readdirSync(at(7), { recursive: true }) as string[]) chownSync(at(7, path), 200_007, 200_007);
  const damaged = await verifyBackups(tree.machine(), [7]);
  expect(damaged).toContain(join(file!, name));
  expect(damaged).not.toContain(join(branch!, name));
});

test.each([
  ["that this run has read", 0],
  ["that it does not read", 1],
])("what somebody finds damaged of an account %s stays known", async (_, later) => {
  snapshots(7, 0);
  snapshots(8, 0);
  const directory = at(7, "web1.1.7.1/snapshots");
  const whole = join(directory, createHash("sha256").update("x").digest("hex"));
  rmSync(join(directory, "0".padStart(64, "0")));
  writeFileSync(whole, "x");
  utimesSync(whole, now.getTime() / 1000, now.getTime() / 1000);
  const isSame = (at: Date) => (7 + Math.floor(at.getTime() / day)) % 7 === 0;
  let on = now;
  while (isSame(on) !== (later === 0)) on = new Date(on.getTime() + day);
  const machine = tree.machine();
  let verified = false;
  const run: typeof machine.run = async (program, args, options) => {
    if (!verified && args.includes("--reuid=200008")) {
      verified = true;
      writeFileSync(whole, "y");
      expect(await verifyBackups(tree.machine(), [7])).toEqual([whole]);
    }
    return machine.run(program, args, options);
  };
  await expireBackups(tree.machine({ run }), on);
  expect(verified).toBe(true);
  expect(readExpired(machine)?.damaged).toContain(whole);
});

test("backups of a deleted account stay as long as they were promised, and no longer", async () => {
  await declare({ 7: 365, 8: 7 });
  snapshots(7, 0);
  snapshots(8, 0);
  await expireBackups(tree.machine(), now);
  await declare({});
  const after = (days: number) => expireBackups(tree.machine(), new Date(now.getTime() + days * day));
  // The clock of a run passes at most a day and a half.
  for (let days = 1; days <= 100; days++) await after(days);
  expect([isThere(7, 0), isThere(8, 0)]).toEqual([true, false]);
}, 120_000);
