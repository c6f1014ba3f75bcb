import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { recover, retire } from "../apply/retire.ts";
import { formatStatus, status } from "../apply/status.ts";
import { formatInspection, inspect } from "../inspect/inspect.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { recordName } from "./layout.ts";
import { withLock } from "./lock.ts";
import { storeReport } from "./report.ts";

/**
 * Whatever files the applier has of its own, each is damaged in every way that a full disk, a failing one or a hand can do: a command does its
 * work, or ends with the file's path and what to do. The files are found in the tree, so a new one is tried too.
 */
const before = bundleOf({ 1: accountGroup(1, "before"), 2: accountGroup(2) });
const bundle = bundleOf({ 1: accountGroup(1) });

const commands: Readonly<Record<string, (machine: Machine) => Promise<unknown>>> = {
  status: async (machine) => formatStatus(await status(machine)),
  inspect: async (machine) => formatInspection(await inspect(machine, {}, "/nowhere")),
  recover: (machine) => withLock(machine, "recover", () => recover(machine)),
  retire: (machine) => withLock(machine, "retire", () => retire(machine)),
  apply: (machine) => withLock(machine, "apply", () => apply(machine, bundle, secret)),
};

const damages: Readonly<Record<string, (text: string) => string | Buffer>> = {
  empty: () => "",
  "cut in the middle": (text) => text.slice(0, text.length / 2),
  "another text": () => "x\n",
  "an empty object": () => "{}",
  "an empty list": () => "[]",
  nothing: () => "null",
  "a number": () => "7",
  "a block of zeros": (text) => Buffer.alloc(Math.max(1, text.length)),
};

/** A host that was deployed twice. */
async function deployed(): Promise<Tree> {
  const tree = new Tree();
  const machine = tree.machine();
  mkdirSync(tree.at("/srv/accounts"), { recursive: true });
  for (const each of [before, bundle])
    await withLock(machine, "apply", async () => storeReport(machine, await apply(machine, each, secret)));
  return tree;
}

/** Files of the applier's own, but not those that bundles brought: what is wrong with these is drift. */
function ownFiles(tree: Tree): string[] {
  const { layout } = tree.machine();
  const isOfBundle = (path: string) => {
    const inGeneration = [layout.current, layout.generations].some((each) => path.startsWith(`${each}/`));
    return inGeneration && basename(path) !== recordName;
  };
  return [layout.state, layout.jobs]
    .flatMap((top) => readdirSync(top, { recursive: true, encoding: "utf8" }).map((name) => join(top, name)))
    .filter((path) => lstatSync(path).isFile() && !isOfBundle(path))
    .map((path) => path.slice(tree.root.length));
}

const host = await deployed();
afterAll(() => host[Symbol.dispose]());
const files = ownFiles(host);

test("all of them are found", () => {
  const names = files.map((file) => file.replace("/var/lib/fairhost/", ""));
  expect(names).toEqual(
    expect.arrayContaining(["applied.json", "host", "current/generation.json", "secrets/master-1", "report.json"]),
  );
});

test.each(files)("%s", async (file) => {
  for (const [damage, make] of Object.entries(damages)) {
    for (const [name, command] of Object.entries(commands)) {
      using tree = new Tree();
      cpSync(host.root, tree.root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      const text = readFileSync(tree.at(file), "utf8");
      writeFileSync(tree.at(file), make(text));
      const machine = tree.machine();
      const how = `${name} with ${damage} in ${file}`;
      try {
        await command(machine);
      } catch (error) {
        expect(error, how).toBeInstanceOf(ApplyError);
        expect((error as Error).message, how).toContain(tree.at(file));
        expect((error as Error).message, how).toMatch(/deploy|restore|remove/i);
        continue;
      }
      // Nothing was taken for another thing: the next deploy ends as it should, and the one after it has nothing to do.
      if (name !== "apply") continue;
      expect((await apply(tree.machine(), bundle, secret)).result, how).toBe("unchanged");
    }
  }
});
