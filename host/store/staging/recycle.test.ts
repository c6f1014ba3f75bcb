import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { accountGroup, bundleOf, secret, Tree } from "../../../testing/fakes/host-tree.ts";
import { apply } from "../../apply/apply.ts";
import { findDrift } from "../file-drift.ts";
import { readCurrent } from "../generations.ts";

const recycled = "/var/lib/fairhost/spare";
const current = "/var/lib/fairhost/current";

function bundle(accounts: number, content: string): Bundle {
  const numbers = Array.from({ length: accounts }, (_, index) => index + 1);
  return bundleOf(
    Object.fromEntries(numbers.map((number) => [number, accountGroup(number, number === 1 ? content : "")])),
  );
}

/** Applies until the oldest generation is no longer needed. */
async function withRecycled(tree: Tree, accounts: number): Promise<void> {
  for (let round = 1; round <= 5; round++) await apply(tree.machine(), bundle(accounts, `round ${round}`), secret);
  expect(existsSync(tree.at(recycled))).toBe(true);
}

/** Disk operations of the next apply. */
async function operations(accounts: number): Promise<string[]> {
  using tree = new Tree();
  await withRecycled(tree, accounts);
  const done: string[] = [];
  const observe = (operation: string, path: string) => done.push(`${operation} ${path.replace(tree.root, "")}`);
  await apply(tree.machine({ observe }), bundle(accounts, "new"), secret);
  return done;
}

test("an apply on a host with many accounts does no more disk operations than on a host with few", async () => {
  const few = await operations(2);
  expect(few.filter((operation) => operation.includes("account-2"))).toEqual([]);
  expect(await operations(40)).toEqual(few);
});

test("a generation made from a recycled one equals one made in a new directory", async () => {
  using tree = new Tree();
  await withRecycled(tree, 3);
  const inode = (path: string) => lstatSync(tree.at(`${current}/${path}`)).ino;
  const paths = ["systemd/account-3.slice", "systemd/fairhost.target.wants/account-3-http-blog.socket"];
  const before = paths.map(inode);
  // Account 2 leaves, account 4 is new.
  const next = bundleOf({ 1: accountGroup(1, "new"), 3: accountGroup(3, ""), 4: accountGroup(4) });
  expect(await apply(tree.machine(), next, secret)).toMatchObject({ result: "applied", filesWritten: 5 });
  expect(findDrift(tree.at(current), { bundle: next })).toMatchObject({ changed: new Map(), unknown: [] });
  expect(paths.map(inode)).toEqual(before);
  expect(readdirSync(tree.at("/var/lib/fairhost/generations")).sort()).toEqual(["3", "4", "5"]);
});

test("a refused account gets all its old files back, also those that it shares with the recycled generation", async () => {
  using tree = new Tree();
  await withRecycled(tree, 2);
  const broken = accountGroup(1, "new", [{ path: "userdb/200001.user", content: "{" }]);
  const next = bundleOf({ 1: broken, 2: accountGroup(2, "new") });
  expect((await apply(tree.machine(), next, secret)).errors).toMatchObject([{ group: "account-1" }]);
  const { bundle: inForce } = readCurrent(tree.machine());
  expect(inForce.groups["account-1"]).toEqual(accountGroup(1, "round 5"));
  expect(findDrift(tree.at(current), { bundle: inForce })).toMatchObject({ changed: new Map(), unknown: [] });
});

test("a name that one account gives to another stays where it was as long as one of them keeps its old files", async () => {
  using tree = new Tree();
  const path = "sites/names/moves.example";
  const name = (number: number) => ({ path, content: `/ ${number}/suspended\n` });
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "x", [name(1)]), 2: accountGroup(2) }), secret);
  const broken = accountGroup(1, "new", [{ path: "userdb/200001.user", content: "{" }]);
  const next = bundleOf({ 1: broken, 2: accountGroup(2, "new", [name(2)]), 3: accountGroup(3) });
  expect(await apply(tree.machine(), next, secret)).toMatchObject({
    result: "partial",
    errors: [
      { group: "account-1" },
      {
        group: "account-2",
        message: "account-1 keeps its old files, which moves.example is one of: fix account-1, then apply again",
      },
    ],
  });
  const { bundle: inForce } = readCurrent(tree.machine());
  expect(inForce.groups["account-2"]).toEqual(accountGroup(2));
  expect(inForce.groups["account-3"]).toEqual(accountGroup(3));
  expect(findDrift(tree.at(current), { bundle: inForce })).toMatchObject({ changed: new Map(), unknown: [] });
  // And once both are right.
  const right = bundleOf({ 1: accountGroup(1, "new"), 2: accountGroup(2, "new", [name(2)]) });
  expect(await apply(tree.machine(), right, secret)).toMatchObject({ result: "applied" });
});

test("a folder without files is removed, and comes back with its files", async () => {
  using tree = new Tree();
  const file = { path: "nginx/accounts/below/2.conf", content: "x\n" };
  const folder = tree.at(`${current}/nginx/accounts`);
  for (const content of ["1", "2", "3", "4", "5"])
    await apply(tree.machine(), bundleOf({ 1: accountGroup(1, content, [file]) }), secret);
  for (const [more, is] of [
    [[], false],
    [[file], true],
    [[], false],
    [[file], true],
  ] as const) {
    expect((await apply(tree.machine(), bundleOf({ 1: accountGroup(1, "6", more) }), secret)).result).toBe("applied");
    expect(existsSync(folder)).toBe(is);
  }
});

test("whatever was sent before, a generation has the files that were sent last, and no empty folder", async () => {
  const paths = ["nginx/a", "nginx/a/b", "nginx/a/c/d", "nginx/e/f", "systemd/g.d/h"];
  // A name is a file or a folder, not both.
  const sent = fc
    .uniqueArray(fc.constantFrom(...paths))
    .map((some) => some.filter((path) => !some.some((other) => other.startsWith(`${path}/`))));
  const property = fc.asyncProperty(
    fc.array(fc.tuple(sent, fc.constantFrom("x", "y")), { minLength: 5, maxLength: 9 }),
    async (all) => {
      using tree = new Tree();
      for (const [some, content] of all) {
        const bundle = bundleOf({
          1: accountGroup(
            1,
            content,
            some.map((path) => ({ path, content })),
          ),
        });
        await apply(tree.machine(), bundle, secret);
        expect(findDrift(tree.at(current), { bundle })).toMatchObject({ changed: new Map(), unknown: [] });
        const empty = readdirSync(tree.at(current), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isDirectory() && readdirSync(join(entry.parentPath, entry.name)).length === 0)
          .map(({ name }) => name);
        expect(empty.filter((name) => !bundleFolders.some((folder) => folder.name === name))).toEqual([]);
      }
    },
  );
  await fc.assert(property, { numRuns: 15 });
});

test("changes by hand in an older generation are not in the one made from it", async () => {
  using tree = new Tree();
  await withRecycled(tree, 3);
  const at = (path: string) => tree.at(`${recycled}/${path}`);
  // A separate file in place of the shared one: its text equals the one in force.
  writeFileSync(at("text"), "[Slice]\n");
  renameSync(at("text"), at("systemd/account-2.slice"));
  rmSync(at("userdb/a2.user"));
  mkdirSync(at("userdb/a2.user"));
  rmSync(at("userdb/a3.user"));
  symlinkSync("/etc/passwd", at("userdb/a3.user"));
  writeFileSync(at("systemd/mine.service"), "[Service]\n");
  mkdirSync(at("systemd/mine.service.d"));
  chmodSync(at("userdb"), 0o777);
  const next = bundle(3, "new");
  expect(await apply(tree.machine(), next, secret)).toMatchObject({ result: "applied", repaired: [] });
  expect(findDrift(tree.at(current), readCurrent(tree.machine()))).toMatchObject({ changed: new Map(), unknown: [] });
  expect(existsSync(tree.at(`${current}/systemd/mine.service.d`))).toBe(false);
  expect(statSync(tree.at(`${current}/userdb`)).mode & 0o7777).toBe(0o755);
  expect((await apply(tree.machine(), next, secret)).result).toBe("unchanged");
});

test("a recycled generation whose record came back after a power cut does not count as complete", async () => {
  using tree = new Tree();
  await withRecycled(tree, 2);
  const record = tree.at(`${recycled}/generation.json`);
  writeFileSync(record, JSON.stringify({ number: 1, bundle: bundle(2, "x"), repaired: [] }));
  let taken = 0;
  const observe = (operation: string, path: string) => {
    if (operation !== "rename" || !path.endsWith("/generations/6")) return;
    taken++;
    expect(existsSync(record)).toBe(false);
  };
  expect(await apply(tree.machine({ observe }), bundle(2, "new"), secret)).toMatchObject({ result: "applied" });
  expect(taken).toBe(1);
});
