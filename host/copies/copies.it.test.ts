import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backupRecords, keepersFile } from "../../delivery/protocol/backups.ts";
import { accountGroup, bundleOf, hostGroup, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { formatStatus, status } from "../apply/status.ts";
import { archive } from "../archives/archive.ts";
import { backUp } from "../backups/backup.ts";
import { withBackup } from "../backups/state.ts";
import { lookAtHeld } from "../inspect/checks/units.ts";
import { cancel, stop } from "../moves/steps.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked, setMark } from "../store/moving.ts";
import { copyAccount } from "./copy.ts";

/** Copies of accounts on a real file system with the real programs; account 7 is copied into 8, and 9 is somebody else. */
let tree: Tree;
const bundle = bundleOf({ 7: accountGroup(7), 8: accountGroup(8), 9: accountGroup(9) });
const home = (number: number) => tree.at(`/srv/accounts/${number}/home`);
const shell = async (number: number, script: string) =>
  (await execa("bash", ["-euc", script], { cwd: home(number) })).stdout;

/** All that a file system knows of an account's files: modes, owners, times, links, targets, blocks, attributes, content. */
const fingerprint = (number: number) =>
  shell(
    number,
    `find . ! -name . -printf '%P %y %m %U %G %T@ %n %s %l\\n' | sort
    find . -type f -links +1 -printf '%i %P\\n' | sort | awk '{print NR, $2}'
    find . -type f -print0 | sort -z | xargs -0r sha256sum`,
  );

/** What accounts have, and what a hostile one leaves for root. */
const variety = `umask 022; mkdir -p www/deep/er lib admin; echo hello >www/index.html; ln www/index.html www/hard; ln -s index.html www/soft
  ln -s /etc/shadow outside; ln -s ../../9/home neighbour; ln -s nowhere dangling; mkfifo pipe; truncate -s 64M sparse; echo end >>sparse
  echo x >'-rf *'; echo x >$'new\\nline'; echo x >'ü \\\\ "'; printf '#!/bin/sh\\n' >run; chmod 0 www/hard; touch -d 2001-02-03 www/soft -h
  mkdir www/sticky www/closed www/admin; echo x >www/admin/page; echo x >www/closed/file; chmod 1777 www/sticky; chmod 0 www/closed; rmdir admin
  python3 -c 'import os; os.setxattr("run", "user.note", b"kept"); import socket; socket.socket(socket.AF_UNIX).bind("socket")'
  chown -R -h 200007:200007 .; rm socket; chmod 6755 run`;

beforeEach(async () => {
  tree = new Tree();
  await apply(tree.machine(), bundle);
  await shell(7, variety);
  await shell(9, "echo private >www/of-9; chown -R 200009:200009 .");
});
afterEach(() => tree[Symbol.dispose]());

/** As the account's own, and no longer able to become somebody. */
const shifted = (of7: string) =>
  of7.replaceAll(" 200007 200007 ", " 200008 200008 ").replace("run f 6755", "run f 755");

test("a copy has every file as it was, as the other account's own; nothing is followed, holes stay holes", async () => {
  const before = await fingerprint(7);
  const of9 = await fingerprint(9);
  expect(await copyAccount(tree.machine(), 7, 8, false)).toEqual(["account 8 has a copy of the home of account 7"]);
  expect(await fingerprint(8)).toBe(shifted(before));
  expect(before).toContain("run f 6755");
  expect(await fingerprint(7)).toBe(before);
  expect(await fingerprint(9)).toBe(of9);
  expect(await shell(8, `python3 -c 'import os; print(os.getxattr("run", "user.note").decode())'`)).toBe("kept");
  expect(Number((await execa("du", ["-s", join(home(8), "sparse")])).stdout.split("\t")[0])).toBeLessThan(100);
  expect(await shell(8, "stat -c '%a %u %g' .")).toBe("750 200008 200008");
  expect(["copying", "held"].map((mark) => isMarked(tree.machine(), mark as "held", 8))).toEqual([false, false]);
  expect(readdirSync(tree.at("/srv/accounts/archives/8"))).toEqual([]);
  expect(readdirSync(tree.at("/srv/accounts/8")).sort()).toEqual(["admin", "home"]);
});

test("logs that lie on home/admin are not copied, and root's directories there stay root's", async () => {
  await shell(7, "mkdir admin; echo log >admin/access.log");
  await copyAccount(tree.machine(), 7, 8, false);
  expect(existsSync(join(home(8), "admin"))).toBe(false);
  expect(existsSync(join(home(8), "www/admin/page"))).toBe(true);
});

test("a refreshed copy has nothing of before, and what was held before stays held", async () => {
  await shell(8, "ln -s ../../9/home www/own; echo old >old; mkdir lib; rmdir lib; ln -s ../../9/home lib");
  await stop(tree.machine(), 8);
  await copyAccount(tree.machine(), 7, 8, true);
  expect(await fingerprint(8)).toBe(shifted(await fingerprint(7)));
  expect(await shell(9, "find . -type f")).toBe("./www/of-9");
  expect(isMarked(tree.machine(), "held", 8)).toBe(true);
  expect(isMarked(tree.machine(), "copying", 8)).toBe(false);
});

test("an account that puts symlinks in the place of directories while it is copied gives away nothing of its neighbour", async () => {
  await shell(7, "mkdir flip; for i in $(seq 200); do echo mine >flip/of-$i; done; echo mine >flip/of-9");
  const swap = `import os
os.symlink("${home(9)}/www", "link")
while True:
  for one, other in ("flip", "aside"), ("link", "flip"), ("flip", "link"), ("aside", "flip"): os.rename(one, other)`;
  const flips = spawn("python3", ["-c", swap], { cwd: home(7), stdio: "ignore" });
  try {
    for (let round = 0; round < 5; round++) {
      // What is found in a directory may be gone or a symlink a moment later: then it is refused, or the copy is without it.
      await copyAccount(tree.machine(), 7, 8, true).catch((error: Error) =>
        expect(error.message).toMatch(/not all could be (read|written)/),
      );
      expect(await shell(8, "grep -rls --devices=skip private . || true")).toBe("");
    }
    expect(flips.exitCode).toBe(null);
  } finally {
    await end(flips);
  }
});

describe("refused, with nothing changed", () => {
  const refused = async (work: () => Promise<unknown>, why: RegExp) => {
    const before = [await fingerprint(7), await fingerprint(8)];
    await expect(work()).rejects.toThrow(why);
    expect([await fingerprint(7), await fingerprint(8)]).toEqual(before);
    for (const mark of ["copying", "held"] as const) expect(isMarked(tree.machine(), mark, 8)).toBe(false);
    const left = tree.at("/srv/accounts/archives/8");
    expect(existsSync(left) ? readdirSync(left) : []).toEqual([]);
  };

  test("over files, into itself, from and into what is not here or moves", async () => {
    await shell(8, "echo own >www/page");
    await refused(
      () => copyAccount(tree.machine(), 7, 8, false),
      /account 8 has data already \(.*www\/page\): .*--replace/,
    );
    await refused(() => copyAccount(tree.machine(), 8, 8, true), /into itself/);
    await refused(() => copyAccount(tree.machine(), 6, 8, true), /account 6 is not on this host/);
    await refused(() => copyAccount(tree.machine(), 7, 6, true), /account 6 is not on this host/);
    setMark(tree.machine(), "leaving", 7);
    await refused(() => copyAccount(tree.machine(), 7, 8, true), /account 7 moves/);
  });

  test("without room on the host, and when it does not fit while it is written", async () => {
    const full = tree.machine({ space: () => ({ freeBytes: 1 << 20, freeInodes: 1e6 }) });
    await refused(() => copyAccount(full, 7, 8, true), /may need up to .* but 1 MiB are free: nothing was changed/);
    await shell(7, "head -c 3M /dev/urandom >big; chown 200007:200007 big");
    await shell(8, "echo own >www/page");
    // A disk limit, as far as this machine's kernel has one: all accounts on a file system that is too small for two of these.
    const accounts = tree.at("/srv/accounts");
    await execa("cp", ["-a", accounts, `${accounts}.all`]);
    await execa("mount", ["-t", "tmpfs", "-o", "size=5m,mode=755", "none", accounts]);
    try {
      await execa("cp", ["-a", `${accounts}.all/.`, accounts]);
      const roomy = tree.machine({ space: () => ({ freeBytes: 2 ** 40, freeInodes: 1e6 }) });
      await refused(
        () => copyAccount(roomy, 7, 8, true),
        /account 8 is as it was: not all could be written: .*No space left on device/s,
      );
    } finally {
      await execa("umount", [accounts]);
    }
  });

  test("while a backup of it runs", async () => {
    await withBackup(tree.machine(), 8, () =>
      refused(() => copyAccount(tree.machine(), 7, 8, false), /account 8 is as it was: another run works on backups/),
    );
  });

  test("while a process of it does not end", async () => {
    const process = tree.at("/proc/123");
    await execa("install", ["-d", "-o", "200008", process]);
    await refused(() => copyAccount(tree.machine(), 7, 8, false), /account 8 is as it was: process 123 of account 8/);
  }, 60_000);

  test("a device, which only root could have put there", async () => {
    await shell(7, "mknod disk b 7 0");
    await refused(() => copyAccount(tree.machine(), 7, 8, false), /account 8 is as it was: .*disk: Cannot mknod/s);
  });
});

test("an unfinished copy is held, said to be one, neither archived nor freed, and the next run makes it whole", async () => {
  const machine = tree.machine();
  setMark(machine, "copying", 8, "7");
  await stop(machine, 8);
  await shell(8, "echo half >half");
  const unfinished = /account 8 is an unfinished copy of account 7: run `fairhost-host copy 7 8` first/;
  await expect(cancel(machine, 8)).rejects.toThrow(unfinished);
  await expect(archive(machine, 8, 30)).rejects.toThrow(unfinished);
  await expect(copyAccount(machine, 8, 9, true)).rejects.toThrow(/account 8 is itself an unfinished copy/);
  expect(lookAtHeld(machine, readCurrent(machine).bundle)).toMatchObject([
    { message: "account-8 is held, and nothing of it runs here: it is an unfinished copy of account 7" },
  ]);
  await copyAccount(machine, 7, 8, false);
  expect(await fingerprint(8)).toBe(shifted(await fingerprint(7)));
  expect(isMarked(machine, "held", 8)).toBe(false);
});

test("an unfinished copy is not backed up, and the status says of what it is one, and since when", async () => {
  const records = [7, 8].map((account) => ({ account, site: "vault", retentionDays: 7 }));
  const [of7, of8] = records.map((record) =>
    accountGroup(record.account, "one", [
      { path: `${backupRecords}${record.account}`, content: JSON.stringify(record) },
    ]),
  );
  // Nobody answers there.
  const keepers = [{ name: "vault1", site: "vault", address: "::1" }];
  const host = hostGroup("one", [{ path: keepersFile, content: JSON.stringify(keepers) }]);
  const machine = tree.machine();
  await apply(machine, bundleOf({ 7: of7!, 8: of8! }, host));
  setMark(machine, "copying", 8, "7");
  await stop(machine, 8);
  const { mtime } = statSync(tree.at("/var/lib/fairhost/copying/8"));
  expect(await backUp(machine, [8], false)).toEqual([
    "account 8 has no new backup: account 8 is an unfinished copy of account 7: run `fairhost-host copy 7 8` first",
  ]);
  expect(formatStatus(await status(machine))).toContain(
    `copy         account-8 is an unfinished copy of account 7, started ${mtime.toISOString()}\n`,
  );
  await copyAccount(machine, 7, 8, false);
  expect((await status(machine)).copies).toEqual([]);
  // It is tried again: what fails now is the way to the backup host.
  expect(await backUp(machine, [8], false)).toEqual([expect.not.stringContaining("unfinished")]);
});

test("killed at any moment, the account is as before or a copy that says it is unfinished; the next run makes it whole", async () => {
  await shell(7, "mkdir many; cd many; seq 1 3000 | split -l 1 -a 4 -; chown -R 200007:200007 .");
  await shell(8, "echo own >own; chown 200008:200008 own");
  const [old, whole] = [await fingerprint(8), shifted(await fingerprint(7))];
  const program = join(import.meta.dirname, "../main.ts");
  const run = (...command: string[]) =>
    spawn(process.execPath, [program, "--root", tree.root, ...command], { detached: true, stdio: "pipe" });
  const begin = performance.now();
  const idle = run("purge");
  idle.stdout.resume();
  idle.stderr.resume();
  await once(idle, "close");
  /** Milliseconds of a run with nothing to do: here they are the clock, however fast the machine is. */
  const start = performance.now() - begin;
  let kills = 0;
  let wholeRuns = 0;
  for (let moment = 0; kills < 12 || wholeRuns === 0; moment++) {
    const child = run("copy", "7", "8", "--replace");
    let said = "";
    child.stderr.on("data", (text) => (said += text));
    child.stdout.resume();
    const ended = once(child, "close");
    const limit = sleep(start * (0.6 + (moment + Math.random()) * 0.1)).then(() => "late");
    if ((await Promise.race([ended, limit])) !== "late") {
      expect(child.exitCode, said).toBe(0);
      wholeRuns++;
      moment = -1;
      continue;
    }
    kills++;
    process.kill(-child.pid!, "SIGKILL");
    await ended;
    const isUnfinished = isMarked(tree.machine(), "copying", 8);
    const now = await fingerprint(8);
    expect([old, whole]).toContain(now);
    if (isUnfinished) await expect(cancel(tree.machine(), 8)).rejects.toThrow(/unfinished/);
  }
  const last = run("copy", "7", "8", "--replace");
  for (const stream of [last.stdout, last.stderr]) stream.resume();
  await once(last, "close");
  expect(await fingerprint(8)).toBe(whole);
  expect(isMarked(tree.machine(), "held", 8)).toBe(false);
  expect(readFileSync(join(home(8), "www/index.html"), "utf8")).toBe("hello\n");
}, 120_000);

test.each([1, 2, 3, 4, 5])(
  "killed at its end, before mark %i is removed: the next run lets the account go on",
  async (before) => {
    const machine = tree.machine();
    let removals = 0;
    const disk = new Proxy(machine.disk, {
      get: (of, name) => {
        const method = Reflect.get(of, name).bind(of);
        if (name !== "remove") return method;
        return (path: string) => {
          if (/\/(?:coming|held|restoring|leaving|copying)\/8$/.test(path) && ++removals === before)
            throw new Error("killed");
          method(path);
        };
      },
    });
    await expect(copyAccount({ ...machine, disk }, 7, 8, true)).rejects.toThrow("killed");
    await copyAccount(tree.machine(), 7, 8, true);
    expect(["held", "copying"].filter((mark) => isMarked(tree.machine(), mark as "held", 8))).toEqual([]);
  },
);

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
}
