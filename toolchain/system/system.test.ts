import { existsSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ensureDebianPackages, ensureSshd } from "./system.ts";

let bin: string;
beforeEach(() => {
  bin = mkdtempSync(join(tmpdir(), "fairhost-apt-"));
  vi.stubEnv("PATH", bin);
  vi.spyOn(process, "getuid").mockReturnValue(0);
  script("dpkg-query", "echo 'here installed'; echo 'gone config-files'; exit 1");
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(bin, { recursive: true });
});

/** Puts a program on PATH, which has nothing else but the shell's own commands. */
function script(name: string, body: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

const calls = () => readFileSync(join(bin, "calls"), "utf8").trim().split("\n");
const note = () => `echo "$4 $5 $6 $7 $8 $9" >> ${bin}/calls`;

it("does nothing when all are there", async () => {
  script("apt-get", note());
  await ensureDebianPackages(["here"]);
  expect(existsSync(join(bin, "calls"))).toBe(false);
});

it("installs what is missing, half-removed ones included, and tells how it goes", async () => {
  script(
    "apt-get",
    `${note()}; echo 'Get:1 mirror trixie/main amd64 new amd64 1.0 [1 kB]'; echo 'Setting up new (1.0) ...'`,
  );
  const told: string[] = [];
  await ensureDebianPackages(["here", "gone", "new"], (text) => told.push(text));
  expect(calls()).toEqual(["install -y --no-install-recommends gone new"]);
  expect(told).toEqual(["installing 2 Debian packages", "downloading new", "setting up new"]);
});

it("fetches the package lists and tries once more when that fails", async () => {
  script("apt-get", `${note()}; case "$4" in update) : > ${bin}/updated ;; *) [ -e ${bin}/updated ] ;; esac`);
  await ensureDebianPackages(["new"]);
  expect(calls().map((call) => call.split(" ")[0])).toEqual(["install", "update", "install"]);
});

it("gives apt-get's last words and the command when it fails for good", async () => {
  script("apt-get", "echo 'E: Unable to locate package new' >&2; exit 100");
  await expect(ensureDebianPackages(["new"])).rejects.toThrow(
    /missing: new\. apt-get failed:\nE: Unable to locate package new\n.*apt-get install -y --no-install-recommends new$/s,
  );
});

it("gives the command when it is not root, and runs nothing", async () => {
  script("apt-get", note());
  vi.mocked(process.getuid!).mockReturnValue(1000);
  await expect(ensureDebianPackages(["here", "new"])).rejects.toThrow(
    "missing: new. Only root can install them, run: apt-get install -y --no-install-recommends new",
  );
  expect(existsSync(join(bin, "calls"))).toBe(false);
});

it("says so where there is no dpkg", async () => {
  rmSync(join(bin, "dpkg-query"));
  await expect(ensureDebianPackages(["new"])).rejects.toThrow("This machine has no dpkg");
});

it("an SSH server is installed with its service masked before, and left alone where there is one", async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  const unit = join(bin, "etc/systemd/system/ssh.service");
  script("apt-get", `${note()}; [ -L ${unit} ]`);
  expect(await ensureSshd(bin)).toBe(join(bin, "usr/sbin/sshd"));
  expect(readlinkSync(unit)).toBe("/dev/null");
  expect(calls()).toEqual(["install -y --no-install-recommends openssh-server"]);

  mkdirSync(join(bin, "usr/sbin"), { recursive: true });
  script("usr/sbin/sshd", "");
  await ensureSshd(bin);
  expect(calls()).toHaveLength(1);
});
