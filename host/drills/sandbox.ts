import { spawn } from "node:child_process";
import { once } from "node:events";
import { becoming, type Mount, programs, rootSettings } from "../backups/restic.ts";
import { ApplyError, type Machine, type RunResult } from "../os/machine.ts";

/** Bytes and inodes that stay free for the accounts while something is restored beside them. */
const reserve = { bytes: 1 << 30, inodes: 10_000 };

/** Milliseconds between two looks at what is free. */
const pace = 1000;

/** Bytes that are kept of what a program says, the first ones: it works on what an account wrote, which can push nothing of it out. */
const said = 1 << 20;

/** Of what runs as an account: its dump is a program. A database that takes longer, or more, is not proven. */
const bounds = [
  ...["MemoryMax=512M", "TasksMax=128", "RuntimeMaxSec=1h", "OOMScoreAdjust=900"],
  ...[
    "TemporaryFileSystem=/dev/shm:size=64M,mode=1777",
    "SystemCallFilter=@system-service",
    "SystemCallArchitectures=native",
  ],
];

interface Inside {
  /** Unit of systemd. */
  readonly unit: string;
  readonly mounts: readonly Mount[];
  /** User as which it runs, which the host need not know; without it root, which may read every file below the mounts and write nothing. */
  readonly uid?: number;
}

/**
 * Runs a program in a root of its own in which there is nothing but the programs of the host and the mounts, without network and at the least weight:
 * what an account wrote is at work in it.
 */
export async function runInside(
  machine: Machine,
  command: readonly string[],
  { unit, mounts, uid }: Inside,
): Promise<RunResult> {
  await machine.run("systemctl", ["stop", "--quiet", `${unit}.service`]);
  const bind = ({ from, to, writable }: Mount) =>
    `--property=${writable ? "BindPaths" : "BindReadOnlyPaths"}=${from}:${to}`;
  const capabilities = uid === undefined ? "CAP_DAC_READ_SEARCH" : "CAP_SETUID CAP_SETGID CAP_SETPCAP";
  const words = [
    ...["--quiet", "--pipe", "--wait", "--collect", `--unit=${unit}`, "--slice=fairhost-backup.slice"],
    ...[...rootSettings, "PrivateDevices=yes", "UMask=0077", ...(uid === undefined ? [] : bounds)].map(
      (setting) => `--property=${setting}`,
    ),
    `--property=CapabilityBoundingSet=${capabilities}`,
    ...programs().map((path) => bind({ from: path, to: path })),
    ...mounts.map(bind),
    ...["--setenv=HOME=/nonexistent", "--setenv=LC_ALL=C.UTF-8", "--"],
    ...(uid === undefined ? [] : becoming(uid)),
    ...command,
  ];
  const child = spawn("systemd-run", words, { stdio: ["ignore", "pipe", "pipe"] });
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (part: Buffer) => {
      texts[name] = `${texts[name]}${part}`.slice(0, said);
    });
  const [status] = (await once(child, "close")) as [number | null];
  return { status: status ?? 128, ...texts };
}

/**
 * Ends units as soon as they leave too little free on the disk of all accounts.
 * @throws ApplyError if they did: whatever the work says then only follows from it
 */
export async function withRoom<T>(
  machine: Machine,
  path: string,
  units: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const full = () => {
    const { freeBytes, freeInodes } = machine.space(path);
    return freeBytes < reserve.bytes || freeInodes < reserve.inodes;
  };
  let ended = false;
  const end = async () => {
    if (!full()) return;
    ended = true;
    await machine.run("systemctl", ["kill", "--signal=KILL", "--quiet", ...units.map((unit) => `${unit}.service`)]);
  };
  const timer = setInterval(() => void end(), pace);
  try {
    return await work();
  } catch (error) {
    if (!ended) throw error;
    throw new ApplyError(
      `it was ended: less than ${reserve.bytes >> 20} MiB or ${reserve.inodes} inodes were free in ${path}`,
    );
  } finally {
    clearInterval(timer);
  }
}

/** @throws ApplyError if so much more would leave too little free on the disk of all accounts */
export function requireFree(machine: Machine, path: string, bytes: number): void {
  const mib = (number: number) => `${Math.ceil(number / (1 << 20))} MiB`;
  const { freeBytes } = machine.space(path);
  if (freeBytes >= bytes + reserve.bytes) return;
  throw new ApplyError(
    `it may take ${mib(bytes)}, and ${mib(reserve.bytes)} stay free for the accounts, but ${mib(freeBytes)} are free in ${path}`,
  );
}
