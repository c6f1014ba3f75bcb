import { spawn } from "node:child_process";
import { once } from "node:events";
import { becoming, type Mount, programs, rootSettings } from "../backups/restic.ts";
import { ApplyError, inContainer, type Machine, type RunResult } from "../os/machine.ts";

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

/** Project of what a drill restores of an account: beyond those of all accounts and of their logs (components/account/quotas.ts). */
export const drillProject = (number: number) => 2 ** 25 + number;

/**
 * Gives a directory to a project, so that what is made below it later counts for it (ext4(5), xfs(5)), and lets the project take so much more than it has.
 * Arguments: the directory, the project, bytes and inodes. Without quotas there it does nothing. perl knows ioctl(2) and syscall(2): FS_IOC_FSGETXATTR and
 * FS_IOC_FSSETXATTR, quotactl_fd(2) with Q_GETQUOTA and Q_SETQUOTA of PRJQUOTA, struct if_dqblk. setquota(8) wants the disk's device, which the service of drills does not see.
 */
const bound = `
use strict; use warnings; use Fcntl;
my ($path, $project, $bytes, $inodes) = @ARGV;
sysopen(my $top, $path, O_RDONLY | O_NOFOLLOW | O_DIRECTORY) or die "$path: $!\n";
sub failed { exit 0 if $!{ESRCH} || $!{ENOSYS} || $!{ENOTTY} || $!{EOPNOTSUPP}; die "$path: $_[0]: $!\n" }
my $quota = pack "x72";
sub quota { syscall(443, fileno($top), $_[0] << 8 | 2, $project + 0, $quota) == 0 or failed("quotactl_fd") }
my $attributes = pack "x28";
ioctl($top, 0x801c581f, $attributes) or failed("its project cannot be read");
my @field = unpack "L5", $attributes;
substr($attributes, 0, 20) = pack "L5", $field[0] | 0x200, @field[1, 2], $project, $field[4];
ioctl($top, 0x401c5820, $attributes) or failed("its project cannot be set");
quota(0x800007);
my @is = unpack "Q8", $quota;
$quota = pack "Q8Lx4", int(($is[2] + $bytes) / 1024), 0, 0, $is[5] + $inodes, 0, 0, 0, 0, 5;
quota(0x800008);
`;

/**
 * Lets what is at work below the directory of a drill take no more than leaves the reserve: the kernel keeps the bound, however fast a program of the account
 * is. Not in containers, whose kernel belongs to another machine.
 */
async function limit(machine: Machine, directory: string, number: number): Promise<void> {
  if (!machine.live || inContainer(machine)) return;
  const { freeBytes, freeInodes } = machine.space(directory);
  const more = [freeBytes - reserve.bytes, Math.min(freeInodes, 2 ** 40) - reserve.inodes];
  const words = more.map((amount) => `${Math.max(0, amount)}`);
  const args = ["-e", bound, directory, `${drillProject(number)}`, ...words];
  const { status, stderr } = await machine.run("perl", args);
  if (status !== 0) throw new ApplyError(`the disk of the accounts cannot be kept from the drill: ${stderr.trim()}`);
}

/**
 * Ends units as soon as they leave too little free on the disk of all accounts, whoever takes it, and lets them take no more than what is free now.
 * @param directory of the drill of account `number`; what the units write is made below it by `work`
 * @param units without suffix; a socket of the same name goes first, which would start its service again
 * @throws ApplyError if they did: whatever the work says then only follows from it
 */
export async function withRoom<T>(
  machine: Machine,
  { directory, number }: { readonly directory: string; readonly number: number },
  units: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  const full = () => {
    const { freeBytes, freeInodes } = machine.space(directory);
    return freeBytes < reserve.bytes || freeInodes < reserve.inodes;
  };
  let ended = false;
  const end = async () => {
    if (!full()) return;
    ended = true;
    await machine.run("systemctl", ["stop", "--quiet", ...units.map((unit) => `${unit}.socket`)]);
    await machine.run("systemctl", ["kill", "--signal=KILL", "--quiet", ...units.map((unit) => `${unit}.service`)]);
  };
  await limit(machine, directory, number);
  const timer = setInterval(() => void end(), pace);
  try {
    return await work();
  } catch (error) {
    if (!ended) throw error;
    throw new ApplyError(
      `it was ended: less than ${reserve.bytes >> 20} MiB or ${reserve.inodes} inodes were free in ${directory}`,
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
