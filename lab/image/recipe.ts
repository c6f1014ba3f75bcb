import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import { hostPackages, maskedUnits, packagesWhereUsed } from "../../delivery/protocol/packages.generated.ts";
import { architectureHere } from "../../lib/architectures.ts";

/** Mirrors of Debian's packages; `FAIRHOST_DEBIAN_MIRROR` and `FAIRHOST_DEBIAN_SECURITY_MIRROR` override. */
export const packageMirrors = {
  debian: process.env.FAIRHOST_DEBIAN_MIRROR ?? "http://deb.debian.org/debian",
  security: process.env.FAIRHOST_DEBIAN_SECURITY_MIRROR ?? "http://deb.debian.org/debian-security",
};

/** What makes a machine of a Debian system, beside its kernel, and what only the lab uses. */
const machinePackages = [
  "initramfs-tools",
  "busybox",
  "zstd",
  "systemd",
  "systemd-sysv",
  "udev",
  "dbus",
  "mdadm",
  "e2fsprogs",
  "kmod",
  "procps",
  "qemu-guest-agent",
  "openssh-sftp-server",
  "curl",
];

/** Unchanged applications that tests run in accounts, and what examples of tests import. */
const applications = ["composer", "dokuwiki", "python3-flask"];

/** What a site's routers run, where the lab has routers of two makers. */
const routing = routerSystems.flatMap(({ delivered }) => delivered?.packages ?? []);

/**
 * Packages of a host. Hosts have no network outside, so packages that the bootstrap would install are here.
 * @throws UserError on a machine of an unknown architecture
 */
export function packages(): readonly string[] {
  const names = [
    architectureHere().kernelPackage,
    ...machinePackages,
    ...applications,
    ...routing,
    ...hostPackages,
    ...packagesWhereUsed,
  ];
  // Who needs a package, and in which order, makes no other image.
  return [...new Set(names)].sort();
}

/** Units that a host should not run: they need the outside, or the bootstrap would mask them. */
export const disabledUnits: readonly string[] = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "dpkg-db-backup.timer",
  "e2scrub_all.timer",
  "e2scrub_reap.service",
  "fstrim.timer",
  "mdcheck_start.timer",
  "mdcheck_continue.timer",
  "mdmonitor-oneshot.timer",
  "lighttpd-maint.timer",
  "frr.service",
  ...maskedUnits,
];

/** The host's disk: sizes in MiB, the same on both; 3 GB, as the lab's inventory says. */
export const disk = { sizeMiB: 2860, rootStartMiB: 1, rootMiB: 1792, dataStartMiB: 1793, dataMiB: 1064 } as const;

const treeDirectory = join(import.meta.dirname, "tree");

/** Files laid over Debian's, as they lie in the checkout. */
export const overlayDirectory: string = treeDirectory;

/**
 * Names what the recipe makes: a hash over packages, packageMirrors, files and the code that puts them together.
 * A changed recipe has a new key, so an old image is never used by mistake.
 */
export async function recipeKey(): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify([packages(), packageMirrors, disabledUnits, disk]));
  for (const file of (await readdir(treeDirectory, { recursive: true })).sort()) {
    const path = join(treeDirectory, file);
    const info = await stat(path);
    if (info.isFile()) hash.update(`${file}\0${info.mode & 0o111}\0`).update(await readFile(path));
  }
  for (const file of ["tree.ts", "disks.ts"]) hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest("hex").slice(0, 16);
}
