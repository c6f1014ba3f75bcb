import { readFile } from "node:fs/promises";
import { probePort, readRecord } from "./hosts.ts";
import { guestRun } from "./machine/guest.ts";
import { runningService } from "./machine/services.ts";
import { hosts, type LabHost, switches } from "./network/network.ts";
import { networkIsUp } from "./network/router.ts";
import { hostPaths } from "./paths.ts";

/** One host as it is now. Values from inside are missing while it does not answer. */
export interface HostStatus {
  readonly name: string;
  /** `up`: greets on SSH. `booting`: runs, but does not greet. `off`: has disks, does not run. `absent`: not made. */
  readonly state: "up" | "booting" | "off" | "absent";
  readonly address: string;
  readonly sshPort: number;
  /** New with every clone: the same as before means that nothing on the host was lost. */
  readonly machineId?: string;
  readonly born?: string;
  readonly links: readonly { readonly switch: string; readonly cut: boolean; readonly active: boolean }[];
  /** By device, as the kernel says: `UU` is complete, `_U` and `U_` lack a disk. */
  readonly mirrors: Readonly<Record<string, string>>;
  readonly uptimeSeconds?: number;
  /** Memory used inside, of the host's own 768 MiB. */
  readonly usedMiB?: number;
  /** Memory its QEMU takes of this machine (proportional share), MiB. */
  readonly machineMiB?: number;
}

export interface LabStatus {
  readonly network: "up" | "down";
  readonly router: "up" | "down";
  readonly hosts: readonly HostStatus[];
}

/** The lab as it is now. Changes nothing; works without root except for memory. */
export async function status(): Promise<LabStatus> {
  return {
    network: networkIsUp() ? "up" : "down",
    router: (await runningService("router")) ? "up" : "down",
    hosts: await Promise.all(hosts.map(hostStatus)),
  };
}

async function hostStatus(labHost: LabHost): Promise<HostStatus> {
  const record = await readRecord(labHost.name);
  const service = await runningService(labHost.name);
  const [greeting, inside, machineMiB] = service
    ? await Promise.all([probePort(labHost.sshPort, 5_000), lookInside(labHost), processMemory(service.pid)])
    : [undefined, undefined, undefined];
  const state = service ? (greeting === "ssh" ? "up" : "booting") : record ? "off" : "absent";
  return {
    name: labHost.name,
    state,
    address: labHost.address,
    sshPort: labHost.sshPort,
    ...(record && { machineId: record.machineId, born: record.born }),
    links: switches.map((name, index) => ({
      switch: name,
      cut: record?.cut[index] ?? false,
      active: inside?.activeLink === `eth${index}`,
    })),
    mirrors: inside?.mirrors ?? {},
    ...(inside && { uptimeSeconds: inside.uptimeSeconds, usedMiB: inside.usedMiB }),
    ...(machineMiB !== undefined && { machineMiB }),
  };
}

async function lookInside(labHost: LabHost) {
  try {
    const script =
      "cat /proc/uptime /proc/meminfo /proc/mdstat; echo active $(cat /sys/class/net/bond0/bonding/active_slave)";
    const { stdout } = await guestRun(hostPaths(labHost.name).agent, script, 10_000);
    const meminfo = (key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(stdout)?.[1] ?? Number.NaN);
    return {
      uptimeSeconds: Math.round(Number(stdout.split(" ")[0])),
      usedMiB: Math.round((meminfo("MemTotal") - meminfo("MemAvailable")) / 1024),
      activeLink: /^active (\S+)$/m.exec(stdout)?.[1],
      mirrors: Object.fromEntries(
        [...stdout.matchAll(/^(md\d+) : .*\n.*\[([U_]+)\]/gm)]
          .map((match) => [match[1] as string, match[2] as string])
          .sort(),
      ) as Record<string, string>,
    };
  } catch {
    return undefined;
  }
}

async function processMemory(pid: number): Promise<number | undefined> {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}
