import { writeFileSync } from "node:fs";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import { buildApplier } from "../delivery/build.ts";
import { encodeBundle } from "../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, Tree } from "../testing/fakes/host-tree.ts";
import { exitStatusOf } from "./exit.ts";
import { ApplyError } from "./os/machine.ts";

/** docs/reference/exit-statuses.md is for hosts too: a bug of Fairhost is told from what could not be done. */
const [broke, wrongUsage, failed] = [1, 2, 5];

test.each([
  [new TypeError("x is not a function"), broke],
  [new Error("not expected"), broke],
  ["thrown by somebody else", broke],
  [new ApplyError("the disk of account 1 is away"), failed],
  [new ApplyError("no such account", "wrong usage"), wrongUsage],
  [Object.assign(new Error("ENOSPC: no space left"), { code: "ENOSPC", syscall: "write" }), failed],
])("%s ends a command with %i", (error, status) => expect(exitStatusOf(error)).toBe(status));

describe("the applier", () => {
  let applier: string;
  beforeAll(async () => {
    applier = await buildApplier();
  });

  const delivery = JSON.stringify({
    bundle: encodeBundle(bundleOf({ 1: accountGroup(1) })),
    ...{ masterSecret: Buffer.alloc(32, 7).toString("base64"), secretEpoch: 1, repair: 0 },
  });

  /** @param bug JavaScript that is run first */
  function run(tree: Tree, args: readonly string[], bug: string) {
    writeFileSync(tree.at("applier.mjs"), applier);
    const before = ["--import", `data:text/javascript,${encodeURIComponent(bug)}`];
    return execa(process.execPath, [...before, tree.at("applier.mjs"), "--root", tree.root, ...args], {
      ...{ input: delivery, reject: false },
    });
  }

  /** Throws as soon as a command writes to the host, or its answer. */
  const bug = `import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
fs.mkdirSync = JSON.stringify = () => { throw new TypeError("made for this test"); };
syncBuiltinESMExports();`;
  const trace = expect.stringMatching(/TypeError: made for this test\n +at /);

  test.each(["init", "status"])("a bug ends %s with a stack trace", async (command) => {
    using tree = new Tree();
    const { exitCode, stderr } = await run(tree, [command, "--json"], bug);
    expect([exitCode, stderr]).toEqual([broke, trace]);
  });

  test("a bug while a bundle is applied is in the report too", async () => {
    using tree = new Tree();
    const { exitCode, stdout, stderr } = await run(tree, ["apply"], bug.replace(" JSON.stringify =", ""));
    expect([exitCode, stderr]).toEqual([broke, trace]);
    expect(JSON.parse(stdout)).toMatchObject({ result: "failed", broke: true, errors: [{ message: trace }] });
  });

  test("what could not be done ends init without a stack trace", async () => {
    using tree = new Tree();
    const { exitCode, stderr } = await run(tree, ["init", "cisco"], "");
    expect([exitCode, stderr], stderr).toEqual([failed, expect.not.stringMatching(/\n +at /)]);
  });
});
