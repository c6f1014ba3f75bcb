import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { release as runningKernel } from "node:os";
import { join } from "node:path";
import { folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { type Bundle, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { byDeploy, type DeclaredFacts, type Difference } from "../../../delivery/protocol/inspection.ts";
import { hostPackages, packagesWhereUsed } from "../../../delivery/protocol/packages.generated.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import { daemonOf } from "../../os/daemons.ts";
import type { Machine } from "../../os/machine.ts";
import { unitsOnReplacedFiles } from "../../os/replaced.ts";
import { filesOf } from "../../store/generations.ts";
import { routerOf } from "../../store/host-name.ts";
import type { Shown } from "./units.ts";

/** Packages that the bootstrap installed because something declared uses them, a line each (delivery/bootstrap.ts). */
const installedByBootstrap = "/var/lib/fairhost/packages";

/** Units that read an entry file again when reloaded. */
const readers = bundleFolders.flatMap((folder) =>
  folder.takesEffect.by === "reload" && folder.entry ? [folder.entry] : [],
);

/**
 * Daemons that run an older configuration or program than the one on disk.
 * @param drifted bundle paths that were changed: a daemon need not have read those
 */
export async function lookAtPrograms(
  machine: Machine,
  bundle: Bundle,
  shown: ReadonlyMap<string, Shown>,
  drifted: ReadonlySet<string>,
): Promise<Difference[]> {
  const differences: Difference[] = [];
  const files = filesOf(bundle);
  const replaced = unitsOnReplacedFiles(machine);
  for (const [unit, { group }] of unitsOf(bundle)) {
    const pid = shown.get(unit)?.mainPid ?? 0;
    if (group !== "host" || pid === 0) continue;
    const reader = readers.find((candidate) => candidate.unit === unit && files.has(candidate.file));
    const outdated = (message: string) =>
      differences.push({ group: "host", kind: "program-outdated", what: unit, message, repaired: byDeploy });
    if (linkOf(`/proc/${pid}/exe`).endsWith(" (deleted)")) {
      outdated(`${unit} still runs a program that was replaced on disk`);
    } else if (replaced.has(unit)) {
      outdated(`${unit} still runs ${replaced.get(unit)}, which was replaced on disk`);
    } else if (reader && !commandOf(pid).includes(`${currentGeneration}/${reader.file}`)) {
      outdated(`${unit} runs with another configuration file than ${currentGeneration}/${reader.file}`);
    } else if (reader) {
      const read = await daemonOf(unit).lastRead(machine);
      if (read === undefined || read >= newestText(machine, bundle, unit, drifted)) continue;
      const message = `${unit} runs an older configuration than the one in ${reader.file} and its includes`;
      differences.push({ group: "host", kind: "configuration-not-loaded", what: unit, message, repaired: byDeploy });
    }
  }
  return differences;
}

/** The entry file that a unit reads. */
export function entryOf(unit: string): string | undefined {
  return readers.find((reader) => reader.unit === unit)?.file;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/**
 * When a file that the unit reads was last written, in milliseconds since 1970. Hard links between generations keep that time, so a
 * switch alone makes no file newer. Times in the future are ignored: they come from a wrong clock.
 */
function newestText(machine: Machine, bundle: Bundle, unit: string, drifted: ReadonlySet<string>): number {
  const folders = bundleFolders.filter(({ takesEffect }) => takesEffect.by === "reload" && takesEffect.unit === unit);
  const paths = [...filesOf(bundle).keys()].filter((path) => {
    return folderOf(path, folders) !== undefined && !drifted.has(path);
  });
  const times = paths.flatMap((path) => {
    const stat = statSync(join(machine.layout.current, path), { throwIfNoEntry: false });
    return stat && stat.mtimeMs <= Date.now() ? [stat.mtimeMs] : [];
  });
  return Math.max(0, ...times);
}

/** Checks that packages are installed, and the release. What is installed and no longer needed is a note: see decision 43. */
export function lookAtSystem(machine: Machine, { release, runtimes = [], packages }: DeclaredFacts): Difference[] {
  const { layout } = machine;
  const differences: Difference[] = [];
  const status = layout.at("/var/lib/dpkg/status");
  if (existsSync(status)) {
    const installed = new Set(
      readFileSync(status, "utf8")
        .split("\n\n")
        .flatMap((block) => {
          return /^Status: \S+ ok installed$/m.test(block) ? (/^Package: (\S+)$/m.exec(block)?.[1] ?? []) : [];
        }),
    );
    const needed = new Set([
      ...(routerOf(machine) === undefined ? hostPackages : []),
      ...(packages ?? []),
      ...runtimes,
    ]);
    for (const name of needed) {
      if (installed.has(name)) continue;
      const message = `package ${name} is not installed, or only partly`;
      differences.push({ group: "host", kind: "package-missing", what: name, message, repaired: byDeploy });
    }
    const record = layout.at(installedByBootstrap);
    const ours = new Set(existsSync(record) ? readFileSync(record, "utf8").split("\n") : []);
    const unused = [...new Set(packages ? packagesWhereUsed : [])].filter(
      (name) => ours.has(name) && installed.has(name) && !needed.has(name),
    );
    if (unused.length > 0) {
      const message = `nothing declared here uses ${unused.join(", ")}`;
      const repaired =
        `by hand: apt-get remove ${unused.join(" ")}, unless something else on the host uses them` as const;
      differences.push({ group: "host", kind: "package-unused", what: unused[0]!, message, repaired, note: true });
    }
  }
  const os = layout.at("/etc/os-release");
  const running = existsSync(os) ? /^VERSION_CODENAME="?(\w+)/m.exec(readFileSync(os, "utf8"))?.[1] : undefined;
  if (release !== undefined && running !== undefined && running !== release) {
    const message = `this host runs Debian ${running}, but ${release} is declared`;
    const repaired = "by hand: upgrade the host, or fix `release` in the inventory" as const;
    differences.push({ group: "host", kind: "release-other", what: "/etc/os-release", message, repaired });
  }
  return differences;
}

/** A note, not drift: a newer kernel waits for the next boot. */
export function lookAtKernel({ layout }: Machine, running: string = runningKernel()): Difference[] {
  const boot = layout.at("/boot");
  const installed = existsSync(boot) ? readdirSync(boot).flatMap((name) => /^vmlinuz-(.+)$/.exec(name)?.[1] ?? []) : [];
  const newest = installed.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (newest === undefined || newest === running || !installed.includes(running)) return [];
  const message = `kernel ${running} runs, although ${newest} is installed`;
  return [
    {
      group: "host",
      kind: "kernel-outdated",
      what: newest,
      message,
      repaired: "by hand: reboot at a convenient time",
      note: true,
    },
  ];
}
