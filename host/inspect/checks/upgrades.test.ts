import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { Tree } from "../../../testing/fakes/host-tree.ts";
import type { RunResult } from "../../os/machine.ts";
import { unitsOnReplacedFiles } from "../../os/replaced.ts";
import { lookAtUpgrades } from "./upgrades.ts";

const day = 86_400_000;
const security = "Inst nginx [1.26.3-3] (1.26.3-3+deb13u1 Debian-Security:13/stable-security [amd64])\n";
const runtime =
  "Inst php8.4-cli [8.4.11-1] (8.4.14-1 Debian:13.2/stable [amd64])\nConf php8.4-cli (8.4.14-1 x [amd64])\n";
const brought = "Inst libnew1 (1.0 Debian:13.2/stable [amd64])\n";

function write(path: string, text = ""): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** What is found `days` after the host got its settings, by an apt that says this. */
async function found(tree: Tree, says: Partial<RunResult>, days = 0, wanted = true) {
  const run = async () => ({ status: 0, stdout: "", stderr: "", ...says });
  write(tree.at("/etc/apt/apt.conf.d/99fairhost"));
  const facts = { upgrades: { security: wanted }, runtimes: ["php8.4-cli"] };
  const differences = await lookAtUpgrades({ ...tree.machine(), run }, facts, Date.now() + days * day);
  return differences.map(({ kind, message, note }) => `${note ? "note " : ""}${kind}: ${message}`);
}

test("what waits is a note: fixes, declared runtimes and the rest each for itself", async () => {
  using tree = new Tree();
  expect(
    await found(tree, { stdout: security + runtime + brought + runtime.replaceAll("php8.4-cli", "curl") }),
  ).toEqual([
    "note upgrade-pending: security upgrades wait: nginx 1.26.3-3 to 1.26.3-3+deb13u1",
    "note upgrade-pending: upgrades of declared runtimes wait: php8.4-cli 8.4.11-1 to 8.4.14-1",
    "note upgrade-pending: upgrades wait: curl 8.4.11-1 to 8.4.14-1",
  ]);
});

test("lists that nobody reads and nights that do not happen are drift, but only where they are declared", async () => {
  using tree = new Tree();
  expect(await found(tree, {}, 2)).toEqual([]);
  expect(await found(tree, {}, 4)).toEqual(["upgrade-stuck: package lists were read never"]);
  expect(await found(tree, {}, 9)).toEqual([
    "upgrade-stuck: package lists were read never",
    "upgrade-stuck: security upgrades were installed never",
  ]);
  expect(await found(tree, {}, 9, false)).toEqual([]);
});

test("an apt that cannot work is drift, not silence", async () => {
  using tree = new Tree();
  const broken = { status: 100, stderr: "E: The package lists or status file could not be parsed or opened.\n" };
  expect(await found(tree, broken)).toEqual([
    "upgrade-stuck: apt cannot work out upgrades: E: The package lists or status file could not be parsed or opened.",
  ]);
});

test("a unit runs replaced files if it executes them, and they are Debian's", () => {
  using tree = new Tree();
  const process = (pid: number, unit: string, line: string) => {
    write(tree.at(`/proc/${pid}/maps`), `5500-5600 r-xp 0000 fe:00 7    /usr/bin/true\n${line}\n`);
    write(tree.at(`/proc/${pid}/cgroup`), `1:name=systemd:/x\n0::/system.slice/${unit}\n`);
  };
  process(10, "old.service", "7f00-7f01 r-xp 0000 fe:00 9     /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)");
  process(11, "fonts.service", "7f00-7f01 r--p 0000 fe:00 9     /usr/share/x (deleted)");
  process(12, "own.service", "7f00-7f01 r-xp 0000 fe:00 9     /home/a/program (deleted)");
  process(13, "memfd.service", "7f00-7f01 r-xp 0000 fe:00 9     /memfd:doublemapper (deleted)");
  process(14, "new.service", "7f00-7f01 r-xp 0000 fe:00 9     /usr/lib/x86_64-linux-gnu/libssl.so.3");
  expect([...unitsOnReplacedFiles(tree.machine())]).toEqual([["old.service", "/usr/lib/x86_64-linux-gnu/libssl.so.3"]]);
});
