import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { isMarked } from "../store/moving.ts";
import { type RestoreState, readRestore } from "../store/restores.ts";
import { readKept } from "./kept.ts";
import { GivenUp, replace } from "./replace.ts";

class Killed extends Error {}

/** Files by path, and directories with `/` at their end. */
type Files = Readonly<Record<string, string>>;

const own = "/srv/accounts/1";
const place = "/srv/accounts/replaced/1/x";

function write(tree: Tree, at: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(tree.at(at), path, ".."), { recursive: true });
    writeFileSync(join(tree.at(at), path), text);
  }
}

function read(tree: Tree, at: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of readdirSync(tree.at(at), { recursive: true, withFileTypes: true }))
    if (entry.isFile())
      found[join(entry.parentPath, entry.name).slice(tree.at(at).length + 1)] = readFileSync(
        join(entry.parentPath, entry.name),
        "utf8",
      );
  return found;
}

/** An account on a host, with what is to come beside it. */
async function prepared(before: Files, comes: Files, paths: readonly string[]): Promise<[Tree, RestoreState]> {
  const tree = new Tree();
  await apply(tree.machine(), bundleOf({ 1: accountGroup(1) }), secret);
  write(tree, `${own}/home`, before);
  write(tree, `${place}/files/home`, comes);
  const pieces = paths.map((path) => ({ path, inode: lstatSync(join(tree.at(place), "files", path)).ino }));
  return [tree, { id: "x", phase: "due", since: "2026-11-30T00:00:00Z", pieces, from: "the backup" }];
}

const cases: readonly [string, Files, Files, string[], Files][] = [
  ["the home", { a: "old", b: "old" }, { a: "new", "d/c": "new" }, ["home"], { a: "new", "d/c": "new" }],
  [
    "several",
    { a: "old", "d/x": "old" },
    { a: "new", "d/y": "new", "e/z": "new" },
    ["home/a", "home/d", "home/e/z"],
    { a: "new", "d/y": "new", "e/z": "new" },
  ],
];

/** Lets a run be killed at a step, or end. @returns the steps that it made */
async function killedAt(tree: Tree, state: RestoreState, at: number): Promise<number> {
  let steps = 0;
  const observe = () => {
    if (++steps >= at) throw new Killed();
  };
  await replace(tree.machine({ observe }), 1, state).catch((error: unknown) => {
    if (!(error instanceof Killed || error instanceof GivenUp)) throw error;
  });
  return steps;
}

test.each(cases)(
  "%s: killed at any moment, the account has all of before or is held, and the next run ends it",
  async (_, before, comes, paths, after) => {
    const [whole, first] = await prepared(before, comes, paths);
    using tree = whole;
    const steps = await killedAt(tree, first, Infinity);
    expect(sorted(read(tree, `${own}/home`))).toEqual(after);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: steps }), async (at) => {
        const [made, state] = await prepared(before, comes, paths);
        using tree = made;
        await killedAt(tree, state, at);
        const now = sorted(read(tree, `${own}/home`));
        const known = readRestore(tree.machine(), 1);
        // Whatever was changed, somebody knows that it was begun.
        if (JSON.stringify(now) !== JSON.stringify(before)) expect(known?.phase).toMatch(/switching|landing/);
        if (!isMarked(tree.machine(), "held", 1)) expect([before, after]).toContainEqual(now);
        expect(await replace(tree.machine(), 1, known ?? state)).toMatchObject({ phase: "done" });
        expect(sorted(read(tree, `${own}/home`))).toEqual(after);
        expect(["held", "replacing"].filter((mark) => isMarked(tree.machine(), mark as "held", 1))).toEqual([]);
        expect(readKept(tree.at(place))?.paths.every((path) => lstatSync(join(tree.at(place), "files", path)))).toBe(
          true,
        );
      }),
      { numRuns: 10 },
    );
  },
  180_000,
);

const sorted = (files: Files) => Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));

test("what replaced and what was replaced are the same whatever there is", async () => {
  const tree = fc.dictionary(fc.constantFrom("a", "d/b", "d/e/c", "f"), fc.constantFrom("1", "2", "3"), { minKeys: 1 });
  await fc.assert(
    fc.asyncProperty(tree, tree, async (before, comes) => {
      const path = Object.keys(comes)[0]!;
      const [made, state] = await prepared(before, comes, [`home/${path}`]);
      using host = made;
      await replace(host.machine(), 1, state);
      const now = read(host, `${own}/home`);
      expect(now[path]).toBe(comes[path]);
      for (const each of Object.keys(before))
        if (!path.startsWith(each.split("/")[0]!)) expect(now[each]).toBe(before[each]);
      const kept = readKept(host.at(place))!.paths.length > 0;
      expect(kept).toBe(before[path] !== undefined);
      if (kept) expect(read(host, `${place}/files/home`)[path]).toBe(before[path]);
    }),
    { numRuns: 8 },
  );
}, 180_000);

describe("an account whose restore cannot be, and of which not all starts", () => {
  /** Its home cannot be exchanged once its databases are dumped, and a file is in the place of a directory: each apply says that it cannot be. */
  async function failing(): Promise<[Tree, RestoreState]> {
    const [tree, state] = await prepared({ b: "old" }, { a: "new" }, ["home"]);
    rmSync(tree.at(`${place}/files/home`), { recursive: true });
    rmSync(tree.at(`${own}/admin/config`), { recursive: true });
    writeFileSync(tree.at(`${own}/admin/config`), "");
    return [tree, state];
  }

  test("goes on as before, and that is the end of the restore", async () => {
    const [made, state] = await failing();
    using tree = made;
    const error: unknown = await replace(tree.machine(), 1, state).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GivenUp);
    expect(`${error}`).toMatch(/Command failed: .*; not all of it started: .*admin\/config/s);
    expect(["held", "replacing"].filter((mark) => isMarked(tree.machine(), mark as "held", 1))).toEqual([]);
  });

  test("killed at any moment, what it writes once it runs is never replaced by older dumps", async () => {
    const [whole, first] = await failing();
    using tree = whole;
    const steps = await killedAt(tree, first, Infinity);
    expect(steps).toBeGreaterThan(10);
    for (let at = 1; at <= steps; at++) {
      const [made, state] = await failing();
      using killed = made;
      await killedAt(killed, state, at);
      if (!isMarked(killed.machine(), "held", 1))
        expect(readRestore(killed.machine(), 1)?.dumped, `${at}`).toBeUndefined();
    }
  }, 180_000);
});

test("a database that is closed, as of a suspended account, is not emptied, as nothing could come into it", async () => {
  for (const begun of [{}, { phase: "switching", dumped: true }] as const) {
    const [made, state] = await prepared({ b: "old" }, { a: "new" }, ["home"]);
    using tree = made;
    const ran: string[] = [];
    const run = async (program: string, args: readonly string[]) => {
      ran.push([program, ...args].join(" "));
      return { status: 0, stdout: "", stderr: "" };
    };
    const dumps = ["postgresql.a1_shop.dump"];
    await expect(replace(tree.machine({ run }), 1, { ...state, ...begun, dumps })).rejects.toThrow(
      "database a1_shop is closed here",
    );
    expect(ran.filter((command) => /DROP|psql/.test(command))).toEqual([]);
    expect(read(tree, `${own}/home`)).toEqual({ b: "old" });
  }
});

test.each(["a symlink", "no directory"])(
  "with %s above it nothing is changed, and the account runs on",
  async (what) => {
    const [made, state] = await prepared({ b: "old" }, { "d/c": "new" }, ["home/d/c"]);
    using tree = made;
    const outside = tree.at("/outside");
    mkdirSync(outside);
    if (what === "a symlink") symlinkSync(outside, tree.at(`${own}/home/d`));
    else writeFileSync(tree.at(`${own}/home/d`), "");
    await expect(replace(tree.machine(), 1, state)).rejects.toThrow(
      new GivenUp(`home/d is ${what} now, so home/d/c cannot come below it: restore home/d instead, or remove it`),
    );
    expect(readdirSync(outside)).toEqual([]);
    expect(["held", "replacing"].filter((mark) => isMarked(tree.machine(), mark as "held", 1))).toEqual([]);
  },
);
