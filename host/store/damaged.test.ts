import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { buildApplier } from "../../delivery/build.ts";
import { encodeBundle } from "../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";

/** The applier's own files, as a full disk, a failing one or a hand leaves them. */
let applier: string;
const two = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });
const one = bundleOf({ 1: accountGroup(1) });

const delivery = JSON.stringify({
  ...{ bundle: encodeBundle(one), masterSecret: Buffer.alloc(32, 7).toString("base64"), secretEpoch: 1, repair: 0 },
});

async function run(tree: Tree, args: readonly string[], input = "") {
  const { exitCode, all } = await execa(process.execPath, [tree.at("applier.mjs"), "--root", tree.root, ...args], {
    ...{ input, reject: false, all: true },
  });
  return { exitCode, all };
}

/** A host on which account 2 is about to be deleted. */
async function deployed(): Promise<Tree> {
  const tree = new Tree();
  mkdirSync(tree.at("/srv/accounts"), { recursive: true });
  writeFileSync(tree.at("applier.mjs"), applier);
  const first = await run(tree, ["apply"], delivery.replace(encodeBundle(one), encodeBundle(two)));
  expect(first.exitCode, first.all).toBe(0);
  return tree;
}

const inFairhost = (tree: Tree, name: string) => tree.at(`/var/lib/fairhost/${name}`);

beforeAll(async () => {
  applier = await buildApplier();
});

const commands = ["apply", "recover", "retire", "status", "inspect", "health"] as const;

describe.each([
  ["an empty applied.json", "applied.json", ""],
  ["an applied.json that is cut short", "applied.json", '{"number":1,"fire'],
  ["an applied.json that says nothing", "applied.json", "null"],
  ["an empty record of the generation in force", "current/generation.json", ""],
  ["a record of the generation in force that is cut short", "current/generation.json", '{"number":1,"bundle":{"gr'],
  ["no record of the generation in force", "current/generation.json", undefined],
] as const)("%s", (_what, file, text) => {
  test("every command that needs it ends with its path and what to do, and changes nothing", async () => {
    using tree = await deployed();
    if (text === undefined) rmSync(inFairhost(tree, file));
    else writeFileSync(inFairhost(tree, file), text);
    for (const command of commands) {
      // Health needs no more than the generation in force.
      if (command === "health" && file === "applied.json") continue;
      const { exitCode, all } = await run(tree, [command], command === "apply" ? delivery : "");
      expect([command, exitCode], all).toEqual([command, 5]);
      expect(all).toContain(inFairhost(tree, file));
      expect(all).toMatch(/deploy again/);
      expect(all).not.toMatch(/SyntaxError|\n {4}at /);
    }
    expect(readFileSync(inFairhost(tree, "current/systemd/account-2-http-blog.socket"), "utf8")).toContain("[Socket]");
  });
});

test("the generation in force put back from a copy, while its number lies among the older ones: the one in force counts", async () => {
  using tree = await deployed();
  for (const name of ["1", "7"])
    cpSync(inFairhost(tree, "current"), inFairhost(tree, `generations/${name}`), { recursive: true });
  const { exitCode, all } = await run(tree, ["apply"], delivery);
  expect(exitCode, all).toBe(0);
  expect(readdirSync(inFairhost(tree, "generations"))).toEqual(["1"]);
  expect(JSON.parse(readFileSync(inFairhost(tree, "current/generation.json"), "utf8"))).toMatchObject({ number: 2 });
});

test("what only informs, the last report and the lock's holder, is replaced", async () => {
  using tree = await deployed();
  writeFileSync(inFairhost(tree, "report.json"), '{"resu');
  writeFileSync(tree.at("/run/fairhost/lock"), '{"pid"');
  expect((await run(tree, ["status"])).all).toContain("last result  none");
  const { exitCode, all } = await run(tree, ["apply"], delivery);
  expect(exitCode, all).toBe(0);
  expect(JSON.parse(readFileSync(inFairhost(tree, "report.json"), "utf8"))).toMatchObject({ result: "applied" });
});

test("secrets that others could read are found, closed again and reported", async () => {
  using tree = await deployed();
  const wide = ["secrets", "secrets/accounts", "secrets/master-1", "secrets/accounts/1"];
  for (const name of wide) chmodSync(inFairhost(tree, name), 0o777);
  const found = JSON.parse((await run(tree, ["inspect", "--json"])).all) as {
    differences: { kind: string; what: string }[];
  };
  const exposed = found.differences.filter(({ kind }) => kind === "secret-exposed").map(({ what }) => what);
  expect(exposed.sort()).toEqual(wide.map((name) => inFairhost(tree, name)).sort());
  const { all } = await run(tree, ["apply"], delivery);
  for (const name of wide) expect(all).toContain(`${inFairhost(tree, name)} had mode 777`);
  expect(wide.map((name) => (statSync(inFairhost(tree, name)).mode & 0o777).toString(8))).toEqual([
    "700",
    "700",
    "600",
    "400",
  ]);
  expect((await run(tree, ["inspect"])).all).toContain("no drift");
});
