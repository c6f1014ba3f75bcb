import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import type { Run } from "../os/machine.ts";
import { storedProofs } from "./proofs.ts";
import { drillAccounts } from "./run.ts";

const record = (account: number) => ({
  path: `backup/accounts/${account}`,
  content: JSON.stringify({ account, site: "beta", retentionDays: 7, proofDays: 30 }),
});
const bundle = bundleOf({ 1: accountGroup(1, "one", [record(1)]), 2: accountGroup(2, "two", [record(2)]) });
const drills = "srv/accounts/drills";

/** A host of two accounts, without systemd, and whatever else a drill needs; no backup host is declared, so each drill fails. */
async function hostTree(refuse: (path: string) => boolean = () => false) {
  const tree = new Tree();
  const run: Run = (program, args, options) => {
    if (program === "systemctl") return Promise.resolve({ status: 0, stdout: "", stderr: "" });
    // What rm(1) finds in its way there: a directory that is none.
    if (args.includes("rm") && refuse(args.at(-1)!)) return run("rm", ["--", "/dev/null/file"]);
    return real(program, args, options);
  };
  const machine = tree.machine({ run });
  const { run: real } = tree.machine();
  mkdirSync(tree.at("etc/ssh"), { recursive: true });
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", tree.at("etc/ssh/ssh_host_ed25519_key")]);
  await apply(machine, bundle, undefined);
  mkdirSync(tree.at(drills), { recursive: true });
  return { tree, machine, [Symbol.dispose]: () => tree[Symbol.dispose]() };
}
const proven = (machine: Parameters<typeof storedProofs>[0]) => [...storedProofs(machine).keys()].sort();

test("whatever names an account has chosen, and however deep: what a killed drill has left of it goes", async () => {
  using host = await hostTree();
  const { tree, machine } = host;
  mkdirSync(tree.at(join(drills, "1/restored/home")), { recursive: true });
  const hostile = `open(my $file, ">", "caf\\xe9") or die; mkdir "d\\xff" or die;
for (1 .. 60) { mkdir "d" x 200 or die; chdir "d" x 200 or die }`;
  execFileSync("perl", ["-e", hostile], { cwd: tree.at(join(drills, "1/restored/home")) });
  const wrong = await drillAccounts(machine, [], false);
  expect(readdirSync(tree.at(drills))).toEqual([]);
  expect(wrong.sort()).toEqual(
    [1, 2].map((number) => expect.stringContaining(`account ${number}: its backup was not restored: `)),
  );
  expect(proven(machine)).toEqual([1, 2]);
});

test("what cannot be removed keeps only its own account from a proof", async () => {
  using host = await hostTree((path) => path.endsWith("/drills/1"));
  const { tree, machine } = host;
  mkdirSync(tree.at(join(drills, "1/restored")), { recursive: true });
  const wrong = await drillAccounts(machine, [], false);
  expect(machine.said).toContainEqual(
    expect.stringMatching(/\/drills\/1 is left of an earlier drill: rm ended with 1: /),
  );
  expect(wrong.sort()).toEqual([
    expect.stringMatching(/^account 1: its drill has no result: rm ended with 1: /),
    expect.stringMatching(/^account 2: its backup was not restored: /),
  ]);
  expect(proven(machine)).toEqual([2]);
});
