import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { archive } from "./archive.ts";
import { readArchives, requireQuiet } from "./archives.ts";
import { purge, removeData } from "./remove.ts";
import { restoreFiles } from "./restore.ts";

/** What happens to the data of an account, on a real file system with the real programs; no host is needed. */
let tree: Tree;
const suspended = sealGroup({ ...accountGroup(7), files: [], units: [] });
const others = { 8: accountGroup(8) };
const declare = (group = suspended) => apply(tree.machine(), bundleOf({ ...others, 7: group }));
const remove = () => apply(tree.machine(), bundleOf(others));
const at = (path: string) => tree.at(`/srv/accounts/7/${path}`);
const shell = async (script: string) => (await execa("bash", ["-euc", script], { cwd: at("home") })).stdout;

/** All that a file system knows of the account's files: modes, owners, times, links, targets, blocks, attributes, content. */
const fingerprint = () =>
  shell(`find . ! -name . -printf '%P %y %m %U %G %T@ %n %s %l\\n' | sort
    find . -type f -links +1 -printf '%i %P\\n' | sort | awk '{print NR, $2}'
    python3 -c 'import os; print(os.getxattr("run", "user.note"))'
    find . -type f -print0 | sort -z | xargs -0 sha256sum`);

/** What accounts have, and what a hostile one leaves for root. */
const variety = `umask 022; mkdir -p www/deep/er; echo hello >www/index.html; ln www/index.html www/hard; ln -s index.html www/soft
  ln -s /etc/shadow outside; ln -s ../../8/home neighbour; ln -s nowhere dangling; mkfifo pipe; truncate -s 64M sparse; echo end >>sparse
  echo x >'-rf *'; echo x >$'new\\nline'; echo x >'ü \\\\ "'; printf '#!/bin/sh\\n' >run; chmod 4755 run; chmod 0 www/hard; touch -d 2001-02-03 www/soft -h
  mkdir www/sticky; chmod 1777 www/sticky; python3 -c 'import os; os.setxattr("run", "user.note", b"kept")'; chown -R -h 200007:200007 .`;

beforeEach(async () => {
  tree = new Tree();
  await declare();
  await shell(variety);
});
afterEach(() => tree[Symbol.dispose]());

test("an archived and restored account has every file as it was; nothing is followed, holes stay holes", async () => {
  const before = await fingerprint();
  const path = await archive(tree.machine(), 7, 30);
  expect((await execa("stat", ["-c", "%a", path, `${path}/files.tar.zst`, `${path}/archive.json`])).stdout).toBe(
    "700\n600\n600",
  );
  // 64 MiB of holes, and nothing of what links lead to.
  expect(Number((await execa("du", ["-sb", path])).stdout.split("\t")[0])).toBeLessThan(20_000);
  await remove();
  await removeData(tree.machine(), 7);
  expect(existsSync(at("."))).toBe(false);
  await declare();
  await restoreFiles(tree.machine(), 7);
  expect(await fingerprint()).toBe(before);
  expect(Number((await execa("du", ["-s", at("home/sparse")])).stdout.split("\t")[0])).toBeLessThan(100);
  expect(existsSync(tree.at("/srv/accounts/8/home/www"))).toBe(true);
});

describe("refused, with nothing changed", () => {
  const refused = async (work: () => Promise<unknown>, why: RegExp) => {
    const before = await fingerprint();
    await expect(work()).rejects.toThrow(why);
    expect(await fingerprint()).toBe(before);
  };

  test("to archive an account in service", async () => {
    await declare(accountGroup(7));
    await refused(
      () => archive(tree.machine(), 7, 30),
      /account 7 is in service here \(account-7-http-blog\.s.*suspend it/,
    );
  });

  test("to archive an account of which a process stays; one that an ended run has left is waited for", async () => {
    const process = tree.at("/proc/123");
    mkdirSync(process, { recursive: true });
    chownSync(process, 200_007, 200_007);
    await refused(() => archive(tree.machine(), 7, 30), /process 123 of account 7 still runs: end it/);
    setTimeout(() => rmdirSync(process), 300);
    await archive(tree.machine(), 7, 30);
  });

  test("to write below its home while a program of it runs; what restores its databases there is none", async () => {
    const process = tree.at("/proc/123");
    mkdirSync(process, { recursive: true });
    chownSync(process, 200_007, 200_007);
    const inUnit = (unit: string) =>
      writeFileSync(join(process, "cgroup"), `0::/account.slice/account-7.slice/${unit}\n`);
    for (const unit of ["account-7-restore-mariadb.service", "fairhost-database-local-postgresql-7.service"]) {
      inUnit(unit);
      await requireQuiet(tree.machine(), 7, "restores");
    }
    inUnit("account-7-http-blog.service");
    await refused(() => requireQuiet(tree.machine(), 7, "restores"), /process 123 of account 7 still runs/);
  });

  test("to archive without room, and to take half an archive for one", async () => {
    const full = tree.machine({ space: () => ({ freeBytes: 1 << 20, freeInodes: 1e6 }) });
    await refused(() => archive(full, 7, 30), /may need up to .* but 1 MiB are free: nothing was changed/);
    expect(readArchives(full, 7)).toEqual({ whole: [], incomplete: [] });
    const { run } = tree.machine();
    const fails = tree.machine({
      run: async (program, args, options) =>
        args.includes("tar")
          ? { status: 2, stdout: "", stderr: "No space left on device" }
          : run(program, args, options),
    });
    await refused(
      () => archive(fails, 7, 30),
      /no archive of account 7, and nothing was deleted: .*No space left on device/,
    );
    expect(readArchives(fails, 7)).toEqual({ whole: [], incomplete: [] });
  });

  test("to remove what is declared, what has no archive, and what has changed since", async () => {
    await refused(() => removeData(tree.machine(), 7), /declared on this host/);
    await remove();
    await refused(() => removeData(tree.machine(), 7), /has no archive/);
    await archive(tree.machine(), 7, 30);
    await sleep(20);
    await shell("touch -d 2001-01-01 www/index.html");
    await refused(() => removeData(tree.machine(), 7), /www\/(index\.html|hard) has changed since the archive/);
  });

  test("to remove what an archive no longer has: its record is there, its files are damaged", async () => {
    const path = await archive(tree.machine(), 7, 30);
    await remove();
    writeFileSync(join(path, "files.tar.zst"), "");
    await refused(() => removeData(tree.machine(), 7), /is damaged: /);
  });

  test("to restore over files, from a damaged archive, and from one with a part that nobody knows", async () => {
    const path = await archive(tree.machine(), 7, 30);
    await refused(() => restoreFiles(tree.machine(), 7), /account 7 has files already/);
    const part = join(path, "files.tar.zst");
    const bytes = readFileSync(part);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(part, bytes);
    await refused(() => restoreFiles(tree.machine(), 7), /is damaged: /);
    const record = join(path, "archive.json");
    writeFileSync(record, readFileSync(record, "utf8").replace("files.tar.zst", "mail.tar.zst"));
    await refused(() => restoreFiles(tree.machine(), 7), /mail\.tar\.zst was made by a newer release/);
  });
});

test("archives go when their time is over, not before, and so does what killed runs have left", async () => {
  const path = await archive(tree.machine(), 7, 30);
  const left = join(path, "../2026-01-01T00-00-00.000Z");
  await execa("mkdir", [left]);
  const day = 86_400_000;
  expect(await purge(tree.machine(), new Date(Date.now() + day))).toEqual([]);
  expect(await purge(tree.machine(), new Date(Date.now() + 29 * day))).toEqual([left]);
  expect(await purge(tree.machine(), new Date(Date.now() + 31 * day))).toEqual([path]);
});

test("a record that is damaged makes no archive one of a killed run; those of other accounts go on time", async () => {
  const path = await archive(tree.machine(), 7, 30);
  const record = join(path, "archive.json");
  writeFileSync(record, "");
  const left = tree.at("/srv/accounts/archives/8/2026-01-01T00-00-00.000Z");
  await execa("mkdir", ["-p", left]);
  const later = new Date(Date.now() + 31 * 86_400_000);
  await expect(purge(tree.machine(), later)).rejects.toThrow(
    `removed ${left}\n${record} is damaged. Keep what you need of its directory, then remove that`,
  );
  expect([existsSync(record), existsSync(left)]).toEqual([true, false]);
});

test("killed at any moment, archive, removal and restore go on where they were, and no file is lost", async () => {
  await shell("mkdir many; cd many; seq 1 3000 | split -l 1 -a 4 -; chown -R 200007:200007 .");
  const before = await fingerprint();
  const program = join(import.meta.dirname, "../main.ts");
  let kills = 0;
  const run = (...command: string[]) =>
    spawn(process.execPath, [program, "--root", tree.root, ...command], { detached: true, stdio: "pipe" });
  /** Milliseconds of a run with nothing to do: here they are the clock, however fast the machine is. */
  const measure = async () => {
    const begin = performance.now();
    const idle = run("purge");
    idle.stdout.resume();
    idle.stderr.resume();
    await once(idle, "close");
    return performance.now() - begin;
  };
  /** Runs a command, killed after ever longer times, until it is through. */
  const withKills = async (...command: string[]) => {
    const start = await measure();
    for (let moment = 0; ; moment++) {
      const child = run(...command);
      let said = "";
      child.stderr.on("data", (text) => (said += text));
      const ended = once(child, "close");
      const limit = sleep(start * (0.6 + (moment + Math.random()) * 0.1)).then(() => "late");
      if ((await Promise.race([ended, limit])) === "late") {
        kills++;
        process.kill(-child.pid!, "SIGKILL");
        await ended;
        const { whole } = readArchives(tree.machine(), 7);
        for (const { path, record } of whole)
          expect(readdirSync(path).sort()).toEqual(
            expect.arrayContaining(["archive.json", ...Object.keys(record.parts)]),
          );
        continue;
      }
      // The run before was killed when all was done.
      if (moment > 0 && said.includes("has files already")) return;
      expect(child.exitCode, said).toBe(0);
      return;
    }
  };
  await withKills("archive", "7");
  await remove();
  await withKills("remove", "7");
  expect(existsSync(at("."))).toBe(false);
  await declare();
  await withKills("restore", "7", "files");
  expect(await fingerprint()).toBe(before);
  expect(kills).toBeGreaterThan(5);
}, 120_000);
