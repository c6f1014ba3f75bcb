import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import type { Difference } from "../../delivery/protocol/inspection.ts";
import { hasDrift } from "../../delivery/protocol/inspection.ts";
import { accountGroup, bundleOf, hostGroup, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { lookAtModules } from "../os/modules.ts";
import { lookAtKernelParameters } from "../os/sysctl.ts";
import { lookAtMirrors } from "./checks/mirrors.ts";
import { lookAtLinks } from "./checks/network.ts";
import { lookAtKernel, lookAtSystem } from "./checks/programs.ts";
import { lookAtShadows } from "./checks/users.ts";
import { formatInspection, inspect, readFacts } from "./inspect.ts";

const current = "/var/lib/fairhost/current";
const two = bundleOf({ 1: accountGroup(1), 2: accountGroup(2) });

/** A tree with two accounts in force. */
async function deployed(): Promise<Tree> {
  const tree = new Tree();
  await apply(tree.machine(), two, secret);
  return tree;
}

function write(tree: Tree, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(tree.at(path)), { recursive: true });
    writeFileSync(tree.at(path), text);
  }
}

function link(tree: Tree, links: Readonly<Record<string, string>>): void {
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(tree.at(path)), { recursive: true });
    symlinkSync(target, tree.at(path));
  }
}

const short = (differences: readonly Difference[]) =>
  differences.map(({ group, kind, message, repaired }) => `${group} ${kind}: ${message} (${repaired})`);
const look = async (tree: Tree, facts = {}) => (await inspect(tree.machine(), facts, process.execPath)).differences;

test("an unchanged host has no differences; a host without any apply lacks every group", async () => {
  using tree = await deployed();
  const digests = Object.fromEntries(Object.entries(two.groups).map(([name, group]) => [name, group!.digest]));
  const seen = await inspect(tree.machine(), { digests }, process.execPath);
  expect(seen).toEqual({ host: "web1", generation: 1, differences: [] });
  expect(formatInspection(seen)).toBe("web1, generation 1: no drift\n");
  using empty = new Tree();
  expect(short(await look(empty, { digests }))).toEqual([
    "host generation-outdated: host was never applied (by the next deploy)",
    "account-1 generation-outdated: account-1 was never applied (by the next deploy)",
    "account-2 generation-outdated: account-2 was never applied (by the next deploy)",
  ]);
});

test("files, directories and secrets, each in its group; inspecting changes nothing", async () => {
  using tree = await deployed();
  const at = (path: string) => tree.at(`${current}/${path}`);
  writeFileSync(at("systemd/account-1-http-blog.service"), "tampered");
  unlinkSync(at("userdb/a2.user"));
  chmodSync(at("systemd/account-.service.d/50-sandbox.conf"), 0o600);
  unlinkSync(at("systemd/fairhost.target.wants/account-1-http-blog.socket"));
  symlinkSync("/dev/null", at("systemd/fairhost.target.wants/account-1-http-blog.socket"));
  writeFileSync(at("systemd/account-2-mine.service"), "");
  chmodSync(tree.at("/srv/accounts/2"), 0o777);
  rmSync(tree.at("/srv/accounts/1/home"), { recursive: true });
  unlinkSync(tree.at("/var/lib/fairhost/secrets/accounts/1"));
  const before = readdirSync(tree.root, { recursive: true });
  expect(short(await look(tree))).toEqual([
    "host mode-changed: systemd/account-.service.d/50-sandbox.conf does not have mode 644 (by the next deploy)",
    "account-1 file-changed: systemd/account-1-http-blog.service was changed (by the next deploy)",
    "account-1 link-changed: systemd/fairhost.target.wants/account-1-http-blog.socket is not a symlink to ../account-1-http-blog.socket (by the next deploy)",
    "account-1 account-directory: /srv/accounts/1/home is missing (by the next deploy)",
    "account-1 account-directory: /srv/accounts/1/home/www is missing (by the next deploy)",
    `account-1 secret-missing: ${tree.at("/var/lib/fairhost/secrets/accounts/1")} is missing (by the next deploy)`,
    "account-2 file-removed: userdb/a2.user is missing (by the next deploy)",
    "account-2 file-added: systemd/account-2-mine.service is unexpected: only the applier should write there (by the next deploy)",
    "account-2 account-directory: /srv/accounts/2 has mode 777 instead of 711 (by the next deploy)",
  ]);
  expect(readdirSync(tree.root, { recursive: true })).toEqual(before);
  expect((await apply(tree.machine(), two, secret)).result).toBe("applied");
  expect(await look(tree)).toEqual([]);
});

test("an account that removes a directory of its own has not drifted, and need not get it back", async () => {
  using tree = await deployed();
  rmSync(tree.at("/srv/accounts/1/home/www"), { recursive: true });
  expect(await look(tree)).toEqual([]);
  expect((await apply(tree.machine(), two, secret)).result).toBe("unchanged");
  rmSync(tree.at("/srv/accounts/1/home"), { recursive: true });
  expect(short(await look(tree))).toContain(
    "account-1 account-directory: /srv/accounts/1/home is missing (by the next deploy)",
  );
  await apply(tree.machine(), two, secret);
  expect(existsSync(tree.at("/srv/accounts/1/home/www"))).toBe(true);
});

test("files that override units of the bundle are found, and moved aside and kept by an apply; files for all units stay", async () => {
  using tree = await deployed();
  const system = "/etc/systemd/system";
  write(tree, {
    [`${system}/account-1-http-blog.service.d/mine.conf`]: "[Service]\n",
    [`${system}/account-1-http-blog.service.d/readme`]: "not read",
    [`${system}/account-2-.socket.d/mine.conf`]: "[Socket]\n",
    [`${system}/service.d/all.conf`]: "[Service]\n",
    [`${system}/ssh.service.d/mine.conf`]: "[Service]\n",
    [`${system}/admin.service`]: "[Service]\n",
    "/run/systemd/system/fairhost.target": "[Unit]\n",
    "/etc/systemd/system.control/account-2.slice.d/50-TasksMax.conf": "[Slice]\n",
  });
  link(tree, { [`${system}/account-2-http-blog.socket`]: "/dev/null" });
  const found = await look(tree);
  expect(found.map(({ group, kind, what }) => `${group} ${kind} ${what}`)).toEqual([
    `host unit-overridden ${system}/service.d/all.conf`,
    "host unit-shadowed /run/systemd/system/fairhost.target",
    `account-1 unit-overridden ${system}/account-1-http-blog.service.d/mine.conf`,
    `account-2 unit-masked ${system}/account-2-http-blog.socket`,
    "account-2 unit-overridden /etc/systemd/system.control/account-2.slice.d/50-TasksMax.conf",
    `account-2 unit-overridden ${system}/account-2-.socket.d/mine.conf`,
  ]);
  const report = await apply(tree.machine(), two, secret);
  expect(report).toMatchObject({
    result: "applied",
    filesWritten: 0,
    hooks: [
      "daemon-reload",
      "stop changed account-1-http-blog.service account-2-http-blog.socket account-2-http-blog.service",
      "start account-2-http-blog.socket",
      "restart fairhost.target",
    ],
  });
  expect(report.repaired).toHaveLength(5);
  expect((await look(tree)).map(({ repaired }) => repaired)).toEqual([
    `by hand: remove ${system}/service.d/all.conf unless it is intended`,
  ]);
  expect(readdirSync(tree.at("/var/lib/fairhost/saved"))).toHaveLength(5);
  expect(readdirSync(tree.at(system)).sort()).toEqual([
    "account-1-http-blog.service.d",
    "admin.service",
    "service.d",
    "ssh.service.d",
  ]);
  expect((await apply(tree.machine(), two, secret)).result).toBe("unchanged");
});

test("an entry of /etc/passwd or /etc/group that contradicts an account's record", () => {
  using tree = new Tree();
  const group = { path: "userdb/a1.group", content: '{"groupName":"a1","gid":200001}' };
  const bundle = bundleOf({ 1: accountGroup(1, "one", [group]), 2: accountGroup(2) });
  write(tree, {
    "/etc/passwd": "root:x:0:0::/:/bin/sh\na1:x:200001:200001::/home:/bin/false\nmallory:x:200002:0::/:/bin/sh\n",
    "/etc/group": "root:x:0:\na1:x:200001:mallory\n",
  });
  expect(short(lookAtShadows(tree.machine(), bundle))).toEqual([
    "account-2 user-shadowed: /etc/passwd has mallory with 200002, which takes precedence over a2 with 200002 (by hand: remove mallory from /etc/passwd (vipw))",
    "account-1 user-shadowed: /etc/group has a1 with 200001 and the members mallory, which takes precedence over a1 with 200001 (by hand: remove a1 from /etc/group (vipw -g))",
  ]);
});

test("kernel modules that are denied and loaded; no deploy takes away one that is in use", async () => {
  using tree = new Tree();
  const content = "install usb-storage /bin/false\ninstall sctp /bin/false\ninstall rds /bin/false\n";
  const bundle = bundleOf({}, hostGroup("one", [{ path: "modprobe/fairhost.conf", content }]));
  write(tree, {
    "/proc/modules": "usb_storage 81920 1 uas, Live 0x0\nsctp 421888 0 - Live 0x0\next4 9 2 - Live 0x0\n",
  });
  const found = await lookAtModules(tree.machine(), bundle);
  expect(short(found)).toEqual([
    "host module-loaded: kernel module usb_storage is in use, but denied (by hand: end what uses it, then `modprobe -r usb_storage`)",
    "host module-loaded: kernel module sctp is loaded, but denied (by the next deploy)",
  ]);
  expect(found.map(({ note }) => note)).toEqual([true, undefined]);
  write(tree, { "/run/systemd/container": "" });
  expect(await lookAtModules(tree.machine(), bundle)).toEqual([]);
});

test("a kernel parameter of all links is looked at on each, but for one that has its own", async () => {
  using tree = new Tree();
  const settings = "net.ipv4.conf.all.rp_filter = 0\nnet.ipv4.conf.*.rp_filter = 0\n-net.ipv4.conf.eth1.rp_filter\n";
  const bundle = bundleOf({}, hostGroup("one", [{ path: "sysctl/60-fairhost.conf", content: settings }]));
  const values = { all: 0, eth0: 0, eth1: 2, "eth0.100": 1, lo: 2 };
  write(
    tree,
    Object.fromEntries(
      Object.entries(values).map(([link, value]) => [`/proc/sys/net/ipv4/conf/${link}/rp_filter`, `${value}\n`]),
    ),
  );
  expect(short(await lookAtKernelParameters(tree.machine(), bundle))).toEqual([
    "host sysctl-changed: net/ipv4/conf/eth0.100/rp_filter is 1, but should be 0 (by the next deploy)",
    "host sysctl-changed: net.ipv4.conf.lo.rp_filter is 2, but should be 0 (by the next deploy)",
  ]);
});

test("kernel parameters, packages, release, kernel and links", async () => {
  using tree = new Tree();
  const settings = "# Comment\nkernel.kptr_restrict = 2\nfs.protected_fifos = 2\nkernel.unknown = 1\n";
  const bundle = bundleOf({}, hostGroup("one", [{ path: "sysctl/60-fairhost.conf", content: settings }]));
  write(tree, {
    "/proc/sys/kernel/kptr_restrict": "0\n",
    "/proc/sys/fs/protected_fifos": "2\n",
    "/var/lib/dpkg/status":
      "Package: gunicorn\nStatus: install ok installed\n\nPackage: lighttpd\nStatus: install ok installed\n\nPackage: nginx\nStatus: install ok installed\n\nPackage: tini\nStatus: install ok half-configured\n",
    "/var/lib/fairhost/packages": "gunicorn\nlighttpd\n",
    "/etc/os-release": 'ID=debian\nVERSION_CODENAME="trixie"\n',
    "/boot/vmlinuz-6.12.9-amd64": "",
    "/boot/vmlinuz-6.12.10-amd64": "",
    "/sys/class/net/eth0/carrier": "1\n",
    "/sys/class/net/eth1/carrier": "0\n",
  });
  const machine = tree.machine();
  expect(short(await lookAtKernelParameters(machine, bundle))).toEqual([
    "host sysctl-changed: kernel.kptr_restrict is 0, but should be 2 (by the next deploy)",
  ]);
  const missing = lookAtSystem(machine, { release: "forky" });
  expect(missing.map(({ what }) => what)).toContain("tini");
  expect(missing.map(({ what }) => what)).not.toContain("nginx");
  expect(short(missing.slice(-1))).toEqual([
    "host release-other: this host runs Debian trixie, but forky is declared (by hand: upgrade the host, or fix `release` in the inventory)",
  ]);
  const packages = lookAtSystem(machine, { packages: ["php-fpm"] }).map((each) => short([each]).join());
  expect(packages).toContain(
    "host package-missing: package php-fpm is not installed, or only partly (by the next deploy)",
  );
  expect(packages.slice(-1)).toEqual([
    "host package-unused: nothing declared here uses gunicorn, lighttpd (by hand: apt-get remove gunicorn lighttpd, unless something else on the host uses them)",
  ]);
  const kernel = lookAtKernel(machine, "6.12.9-amd64");
  expect(short(kernel)).toEqual([
    "host kernel-outdated: kernel 6.12.9-amd64 runs, although 6.12.10-amd64 is installed (by hand: reboot at a convenient time)",
  ]);
  expect(hasDrift(kernel)).toBe(false);
  expect(lookAtKernel(machine, "6.12.10-amd64")).toEqual([]);
  const links = lookAtLinks(machine, { links: ["eth0", "eth1", "eth2"].map((port) => ({ port })) });
  expect(links.map(({ message }) => message)).toEqual([
    "interface eth1 has no carrier or is down",
    "interface eth2 does not exist",
  ]);
});

test("mirrors: found by their mount, their disks by serial; degraded, resyncing, a disk with another serial", () => {
  using tree = new Tree();
  const declared = {
    disks: [
      { slot: "left", serial: "A" },
      { slot: "right", serial: "B" },
    ],
    mirrors: [{ name: "data", level: "raid1", disks: ["left", "right"], mount: "/srv/accounts" }],
  };
  const md = "/sys/block/md1/md";
  write(tree, {
    "/proc/self/mountinfo": "25 1 9:1 / /srv/accounts rw - ext4 /dev/md1 rw\n",
    [`${md}/level`]: "raid1\n",
    [`${md}/degraded`]: "0\n",
    [`${md}/sync_action`]: "idle\n",
    [`${md}/dev-vda2/state`]: "in_sync\n",
    [`${md}/dev-sdb/state`]: "in_sync\n",
    "/sys/block/vda/serial": "A\n",
    "/sys/block/sdb/dev": "8:16\n",
    "/run/udev/data/b8:16": "E:ID_SERIAL_SHORT=B\n",
  });
  link(tree, {
    "/sys/dev/block/9:1": "../../devices/virtual/block/md1",
    [`${md}/dev-vda2/block`]: "../../../../pci0/block/vda/vda2",
    [`${md}/dev-sdb/block`]: "../../../../pci0/block/sdb",
  });
  const mirrors = () => short(lookAtMirrors(tree.machine(), declared));
  expect(mirrors()).toEqual([]);

  write(tree, { [`${md}/degraded`]: "1", [`${md}/dev-sdb/state`]: "faulty" });
  expect(mirrors()).toEqual([
    "host mirror-degraded: md1 at /srv/accounts lacks 1 of its disks (by hand: replace the disk, then `mdadm /dev/md1 --add` its partition)",
    "host mirror-disk: md1 at /srv/accounts lacks the declared disk of slot right, serial B (by hand: insert it, or fix the inventory)",
  ]);

  write(tree, {
    [`${md}/sync_action`]: "recover",
    [`${md}/dev-sdb/state`]: "spare",
    "/run/udev/data/b8:16": "E:ID_SERIAL_SHORT=C\n",
  });
  expect(mirrors()).toEqual([
    "host mirror-degraded: md1 at /srv/accounts lacks 1 of its disks and is resyncing (by hand: wait for the resync)",
    "host mirror-disk: md1 at /srv/accounts contains disk sdb with serial C, which is not declared for it (by hand: fix the inventory, or insert the declared disk)",
    "host mirror-disk: md1 at /srv/accounts lacks the declared disk of slot right, serial B (by hand: insert it, or fix the inventory)",
  ]);

  write(tree, { "/proc/self/mountinfo": "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n" });
  expect(mirrors()).toEqual([
    "host mirror-degraded: /srv/accounts is not on a mirror (by hand: check with findmnt which device is mounted there; a deploy does not change it)",
  ]);
});

test("an interrupted apply is drift; a running one is a note", async () => {
  using tree = await deployed();
  write(tree, { "/var/lib/fairhost/applied.json": '{"number":0,"epoch":1}' });
  expect(short(await look(tree))).toEqual([
    "host apply-interrupted: an apply was interrupted: generation 1 is in force, but the last completed hooks are those of generation 0 (by the next deploy)",
  ]);
  mkdirSync(tree.at("/run/fairhost"), { recursive: true, mode: 0o700 });
  write(tree, { "/run/fairhost/lock": '{"pid":7,"work":"apply","since":"noon"}', "/proc/7/comm": "node" });
  const found = await look(tree);
  expect(short(found)).toEqual([
    "host apply-interrupted: apply (process 7, since noon) is running: drift found now may be temporary (by hand: inspect again when it has ended)",
  ]);
  expect(hasDrift(found)).toBe(false);
});

test("an applier that differs from the declared one, and declared facts that cannot be read", async () => {
  using tree = await deployed();
  write(tree, { "/applier": "text" });
  const seen = await inspect(tree.machine(), { applier: "0".repeat(64) }, tree.at("/applier"));
  expect(seen.differences).toMatchObject([{ kind: "applier-other", repaired: "by the next deploy" }]);
  expect(readFacts(" ")).toEqual({});
  for (const text of ["[", "[]", "null"]) expect(() => readFacts(text)).toThrow("is not a JSON object");
  expect(readFileSync(tree.at("/applier"), "utf8")).toBe("text");
});
