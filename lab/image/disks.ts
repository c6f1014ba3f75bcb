import { existsSync } from "node:fs";
import { rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureDebianPackages } from "../../toolchain/system/system.ts";
import { disk } from "./recipe.ts";
import type { ImageFolder, Progress } from "./tree.ts";

const mib = 1024 * 1024;
/** `--data-offset` of the data mirror in the initrd's script: the file system begins this far inside its partition. */
const dataOffset = 1 * mib;
/** Kept free at a partition's end for the superblock and bitmap of metadata 1.0. */
const tail = 4 * mib;

/**
 * Writes both disks of the template: two identical sparse files, each with the root file system (filled from the tree) and an
 * empty file system for accounts, with project quota. They become mirrors at the template's first boot.
 */
export async function makeDisks(
  image: ImageFolder,
  folder: string,
  progress: Progress,
): Promise<readonly [string, string]> {
  await ensureDebianPackages(["e2fsprogs", "fdisk"]);
  const paths = [join(folder, "disk-a.raw"), join(folder, "disk-b.raw")] as const;
  if (paths.every((path) => existsSync(path))) return paths;
  progress("writing the template's two disks");
  const first = `${paths[0]}.making`;
  await rm(first, { force: true });
  await writeFile(first, "", { mode: 0o600 });
  await truncate(first, disk.sizeMiB * mib);
  const table = `label: gpt\nstart=${disk.rootStartMiB}MiB, size=${disk.rootMiB}MiB, type=raid\nstart=${disk.dataStartMiB}MiB, size=${disk.dataMiB}MiB, type=raid\n`;
  await execa("sfdisk", ["--quiet", first], { input: table });
  const makeFs = async (label: string, offset: number, bytes: number, extra: readonly string[]): Promise<void> => {
    const size = `${Math.floor(bytes / 1024)}k`;
    await execa("mke2fs", [
      "-q",
      "-F",
      "-t",
      "ext4",
      "-b",
      "4096",
      "-L",
      label,
      ...extra,
      "-E",
      `offset=${offset}`,
      first,
      size,
    ]);
  };
  await makeFs("root", disk.rootStartMiB * mib, disk.rootMiB * mib - tail, ["-d", image.tree]);
  const data = disk.dataMiB * mib - dataOffset - tail;
  await makeFs("accounts", disk.dataStartMiB * mib + dataOffset, data, ["-O", "project,quota"]);
  await execa("cp", ["--sparse=always", first, paths[1]]);
  await rename(first, paths[0]);
  return paths;
}
