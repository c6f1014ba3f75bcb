import { existsSync } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureDebianPackages } from "../../toolchain/system/system.ts";
import { LabError, requireRoot } from "../errors.ts";
import { holderWords, lock } from "../lock.ts";
import { cacheDirectory } from "../paths.ts";
import { disabledUnits, overlayDirectory, packageMirrors, packages, recipeKey } from "./recipe.ts";

/** Where one recipe's results lie. */
export interface ImageFolder {
  readonly key: string;
  readonly folder: string;
  /** The root file system as a directory: never written after it was made. */
  readonly tree: string;
  readonly kernel: string;
  readonly initrd: string;
  /** An empty directory to mount on. */
  readonly mountPoint: string;
}

/** Progress, one line at a time. */
export type Progress = (line: string) => void;

/** Names the folder of the present recipe; makes nothing. */
export async function imageFolder(): Promise<ImageFolder> {
  const key = await recipeKey();
  const folder = join(cacheDirectory, key);
  const tree = join(folder, "tree");
  return {
    key,
    folder,
    tree,
    kernel: join(folder, "vmlinuz"),
    initrd: join(folder, "initrd.img"),
    mountPoint: join(folder, "mount"),
  };
}

/**
 * Makes the root file system of a Debian 13 host from Debian's packages, once a recipe (44 s on two cores; afterwards nothing is done).
 * @throws LabError without root, or when the packages cannot be had.
 */
export async function ensureTree(progress: Progress = () => {}): Promise<ImageFolder> {
  requireRoot();
  const image = await imageFolder();
  if (existsSync(image.tree)) return image;
  await using _lock = await lock(join(cacheDirectory, `${image.key}.flock`), (holder) =>
    progress(`waiting for ${holderWords(holder)}, which builds the same image`),
  );
  if (existsSync(image.tree)) return image;
  await ensureDebianPackages(["mmdebstrap", "debian-archive-keyring"]);
  progress("building the image of a Debian 13 host from Debian's packages (about a minute on an idle machine, once)");
  // Set-user-id programs lie in here: nobody but root may reach them.
  await mkdir(image.folder, { recursive: true, mode: 0o700 });
  await mkdir(image.mountPoint, { recursive: true });
  const building = `${image.tree}.building`;
  await rm(building, { recursive: true, force: true });
  await debootstrap(building, join(image.folder, "mmdebstrap.log"));
  await execa("cp", ["-L", join(building, "vmlinuz"), image.kernel]);
  await execa("cp", ["-L", join(building, "initrd.img"), image.initrd]);
  await rename(building, image.tree);
  return image;
}

async function debootstrap(directory: string, log: string): Promise<void> {
  const sources = [
    `deb ${packageMirrors.debian} trixie main`,
    `deb ${packageMirrors.debian} trixie-updates main`,
    `deb ${packageMirrors.security} trixie-security main`,
  ];
  const hook = (command: string): string => `--customize-hook=${command}`;
  const result = await execa(
    // It ends with this process, however that ends (a test's hook that takes too long), and what it mounts goes with it: the next one removes what
    // it has left, in which nobody may still write.
    "setpriv",
    [
      ...["--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"],
      "mmdebstrap",
      "--mode=root",
      "--format=directory",
      "--variant=minbase",
      "--dpkgopt=force-confold",
      `--include=${packages().join(",")}`,
      // Before the packages are unpacked, so that the one initrd made on the way is the right one.
      `--essential-hook=cp -r --no-preserve=ownership "${overlayDirectory}/." "$1/"`,
      hook(`chroot "$1" systemctl disable --quiet ${disabledUnits.join(" ")}`),
      hook(`chroot "$1" systemctl enable --quiet systemd-networkd.service systemd-userdbd.socket`),
      // The lab gives each host its key; making an RSA key alone would take an emulated host half a minute.
      hook(`chroot "$1" systemctl mask --quiet sshd-keygen.service`),
      // What belongs to one host alone comes later: keys, name, machine-id. The template's own keeps systemd from a "first boot".
      hook(
        `rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hostname "$1"/var/lib/dbus/machine-id; echo fa1057abfa1057abfa1057abfa1057ab > "$1"/etc/machine-id`,
      ),
      hook(`mkdir -p "$1"/srv/accounts "$1"/root/.ssh; chmod 700 "$1"/root/.ssh`),
      hook(`rm -rf "$1"/var/cache/apt/*.bin "$1"/var/lib/apt/lists/*`),
      "trixie",
      directory,
      ...sources,
    ],
    { reject: false, all: true, stdin: "ignore" },
  );
  await writeFile(log, result.all);
  if (result.exitCode !== 0) {
    await rm(directory, { recursive: true, force: true });
    const lines = result.all.split("\n").filter((line) => line.startsWith("E:"));
    throw new LabError(
      `Debian's packages could not be put together: ${lines.slice(0, 3).join("; ") || result.all.slice(-400)}`,
      `see ${log}; if the mirror cannot be reached, set FAIRHOST_DEBIAN_MIRROR (now ${packageMirrors.debian})`,
    );
  }
  await chmod(directory, 0o755);
}
