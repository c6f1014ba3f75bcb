import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BundleGroup } from "../../delivery/protocol/bundle.ts";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "./apply.ts";

/**
 * Account 7 exchanges its directories for symlinks, pipes and other files while root works below them, on a real file system. Backups and restores:
 * components/backup/cases/flips.cases.ts; copies: host/copies/copies.it.test.ts.
 */
let tree: Tree;
let flips: ChildProcess;
const rounds = Array.from({ length: 30 }, (_, index) => `made-${index}`);
const home = (number: number) => tree.at(`/srv/accounts/${number}/home`);
const program = readFileSync(join(import.meta.dirname, "../../testing/programs/races/flips.py"), "utf8");

/** Account 7 with one more directory, which root makes for it. */
function with7(directory: string): BundleGroup {
  const { digest: _, ...group } = accountGroup(7, directory);
  const { account } = group;
  if (!account) throw new Error("an account has directories");
  const more = { path: `home/${directory}`, owner: "account", mode: 0o750 } as const;
  return sealGroup({ ...group, account: { ...account, directories: [...account.directories, more] } });
}

/** All that is not account 7's: names, kinds, modes, owners, times, content. */
const others = async () =>
  (
    await execa("bash", [
      "-euc",
      `cd '${tree.root}' && find etc srv/accounts/9 -printf '%p %y %m %U %G %T@ %C@\\n' | sort && find srv/accounts/9 etc -type f -exec sha256sum {} +`,
    ])
  ).stdout;

beforeEach(async () => {
  tree = new Tree();
  await apply(tree.machine(), bundleOf({ 7: accountGroup(7), 9: accountGroup(9) }));
  await execa("bash", [
    "-euc",
    `mkdir -p '${tree.at("/etc")}'; echo private >'${tree.at("/etc/shadow")}'
    cd '${home(9)}'; echo private >www/page; chmod 644 www/page; chown -R 200009:200009 .
    cd '${home(7)}'; mkdir sub; echo mine >www/page; echo mine >sub/page; echo mine >sub/shadow; echo mine >file; chown -R 200007:200007 .`,
  ]);
  const places = { www: "../../9/home/www", sub: tree.at("/etc"), file: "../../9/home/www/page" };
  const made = rounds.map((name) => `${name}=../../9/home/www`);
  const words = [...Object.entries(places).map(([path, target]) => `${path}=${target}`), ...made];
  const as = ["--reuid=200007", "--regid=200007", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];
  flips = spawn("setpriv", [...as, "/usr/bin/python3", "-c", program, ...words], {
    cwd: home(7),
    stdio: ["ignore", "ignore", "inherit"],
  });
  await expect
    .poll(async () => (await execa("ls", [join(home(7), ".flips")], { reject: false })).stdout)
    .toContain(`${rounds.length + 2}.directory`);
});
afterEach(async () => {
  const ended = once(flips, "close");
  if (flips.kill("SIGKILL")) await ended;
  tree[Symbol.dispose]();
});

test("applies make its directories, and change nothing else", async () => {
  const before = await others();
  for (const name of rounds) {
    const { result, errors } = await apply(tree.machine(), bundleOf({ 7: with7(name), 9: accountGroup(9) }));
    expect(result, JSON.stringify(errors)).toBe("applied");
  }
  expect(flips.exitCode).toBe(null);
  expect(await others()).toBe(before);
}, 120_000);
