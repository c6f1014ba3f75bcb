import { type BundleFile, type BundleUnit, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { execLine, unitFile } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";
import { resolver } from "../../account-network/links.ts";
import { confined } from "../../host/units/confined.ts";

/** Makes the copies of the host's files that sandboxes show: at boot, and again after packages have changed. */
export const viewUnit = "fairhost-view.service";

const directory = "fairhost-view";

/** Where they are on the host: `proc`, `sys`, `etc` and `hidden`. */
export const view = `/run/${directory}`;

/** In the place of /sys: nothing but the directory in which systemd shows the unit's own control group. */
export const emptySys = `${view}/sys`;

/**
 * Counters of /proc from which an account could follow what the host's devices and its neighbours do. Every mount makes each start of a
 * program slower, so what only describes hardware or kernel, or is for root alone, is not listed (decision 27).
 */
const hiddenOfProc = [
  ...["buddyinfo", "diskstats", "locks", "pressure", "schedstat", "softirqs", "vmstat", "zoneinfo"],
  // ProtectKernelTunables= mounts these in any case.
  ...["acpi", "bus", "fs", "irq"],
];

/** Every kernel has this one. It is made last, and no sandbox starts without it: so none starts before all are there. */
export const lastHidden = "/proc/interrupts";

/** Paths of the kernel in whose place sandboxes have what is in `hidden` of {@link view}, where the kernel has them. */
export const hidden = [...hiddenOfProc.map((name) => `/proc/${name}`), lastHidden];

const again = "fairhost-view-again";
const scripts = ["view-hidden", "view-proc", "view-etc"] as const;
const pathOf = (script: string) => `libexec/${script}`;

/**
 * The unit with its scripts, and the units that start it again. dpkg writes its list of packages many times in a run: half a minute after
 * the first time one copy is made, however often it was written.
 * @param packages whose files in /etc accounts see, with the packages that these need
 */
export function renderView(packages: readonly string[]): { files: BundleFile[]; units: BundleUnit[] } {
  const command = (script: string, ...words: readonly string[]) =>
    execLine(["/bin/sh", `${currentGeneration}/${pathOf(script)}`, ...words]);
  const units = {
    [viewUnit]: {
      Unit: { Description: "What accounts see of the host", RequiresMountsFor: "/var/lib/dpkg" },
      Service: {
        ...confined,
        // apt-cache keeps there what it has read.
        ReadWritePaths: "-/var/cache/apt",
        Type: "oneshot",
        RemainAfterExit: "yes",
        RuntimeDirectory: directory,
        // Running sandboxes have it mounted.
        RuntimeDirectoryPreserve: "yes",
        ExecStart: [
          execLine(["/usr/bin/install", "-d", emptySys, `${emptySys}/fs`, `${emptySys}/fs/cgroup`]),
          command("view-hidden", `${view}/hidden`, ...hidden),
          command("view-proc", `${view}/proc`),
          command("view-etc", `${view}/etc`, resolver, ...packages),
        ],
      },
    },
    [`${again}.path`]: {
      Unit: { Description: "Packages have changed" },
      Path: { PathChanged: ["/var/lib/dpkg/status", "/etc/ssl/certs/ca-certificates.crt"] },
    },
    [`${again}.service`]: {
      Unit: { Description: "Look again at what accounts see of the host" },
      Service: { Type: "oneshot", ExecStartPre: "/bin/sleep 30", ExecStart: `/usr/bin/systemctl restart ${viewUnit}` },
    },
  };
  const texts = Object.entries(units).map(([name, sections]) => ({
    path: `systemd/${name}`,
    content: unitFile(sections),
  }));
  const own = scripts.map((script) => ({
    path: pathOf(script),
    content: ownText(import.meta.dirname, `${script}.sh`),
    mode: 0o755,
  }));
  return {
    files: [...own, ...texts, { path: `systemd/fairhost.target.wants/${again}.path`, link: `../${again}.path` }],
    units: [
      { name: viewUnit, want: "start", restartOn: [`systemd/${viewUnit}`, ...scripts.map(pathOf)] },
      { name: `${again}.path`, want: "start", restartOn: [`systemd/${again}.path`] },
      { name: `${again}.service`, want: "on-demand", restartOn: [`systemd/${again}.service`] },
    ],
  };
}

/**
 * /proc/meminfo as programs of an account read it: the account's limit is all there is, and free. What is in use right now is in
 * /sys/fs/cgroup/memory.current.
 * @param memoryMaxMb in MiB
 */
export function memoryInformation(memoryMaxMb: number): string {
  const all = memoryMaxMb * 1024;
  return memoryLine("MemTotal", all) + memoryLine("MemFree", all) + memoryLine("MemAvailable", all) + noMemory;
}

function memoryLine(name: string, kilobytes: number): string {
  return `${`${name}:`.padEnd(16)}${`${kilobytes}`.padStart(8)} kB\n`;
}

const noMemory = `Buffers Cached SwapCached Active Inactive SwapTotal SwapFree Shmem Slab SReclaimable SUnreclaim`
  .split(" ")
  .map((name) => memoryLine(name, 0))
  .join("");
