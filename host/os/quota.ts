import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bundle, BundleAccount, BundleQuota, Group } from "../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../delivery/protocol/inspection.ts";
import type { Problem } from "../apply/validate/problem.ts";
import { accountsOf } from "../store/generations.ts";
import { ApplyError, inContainer, type Machine } from "./machine.ts";

/** A directory of an account whose quota is not as the bundle says. */
export interface WrongQuota {
  readonly group: Group;
  readonly account: BundleAccount;
  readonly quota: BundleQuota;
  /** Files below it may count elsewhere. Its limits are set only after all of them were assigned, so limits say that it is done. */
  readonly unassigned: boolean;
  /** One sentence. */
  readonly message: string;
}

/** setquota and repquota count in blocks of this size. */
const block = 1024;

/** Milliseconds. Needed once an account, when a host that has files already gets quotas. */
const assignTimeout = 3_600_000;

/**
 * Gives a directory and all below it to a project, and makes new files inherit it. Arguments: the directory, then pairs of a path
 * below it and a project; `.` is the directory itself. Entries belong to somebody who may be hostile and at work: each is opened by
 * its one name below its open directory, never through a symlink or into another file system, parents first, so that what
 * is created meanwhile inherits. Without a project of its own, all below it counts for none, but what has a hard link elsewhere counts as before: that may be in
 * an account's directory, and could grow there without a limit. perl, because it is on every Debian and knows ioctl(2): FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR.
 */
const assign = `
use strict; use warnings; use Fcntl qw(:DEFAULT :mode);
my ($top, %project) = @ARGV;
my ($device, %links);
sub assign {
  my ($parent, $name, $path, $id) = @_;
  my $at = defined $parent ? "/proc/self/fd/" . fileno($parent) . "/$name" : $name;
  my $mode = (lstat $at)[2] // return;
  return unless S_ISDIR($mode) || S_ISREG($mode);
  sysopen(my $entry, $at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY) or do {
    return if $!{ENOENT} || $!{ELOOP} || $!{ENXIO};
    die "$top/$path: $!\\n";
  };
  my @stat = stat $entry;
  $device //= $stat[0];
  return if $stat[0] != $device || !(S_ISDIR($stat[2]) || S_ISREG($stat[2]));
  my $isDirectory = S_ISDIR($stat[2]);
  $id = $project{$path} // $id;
  return if $id == 0 && !$isDirectory && $stat[3] > 1 && ++$links{$stat[1]} < $stat[3];
  my $attributes = "\\0" x 28;
  ioctl($entry, 0x801c581f, $attributes) or die "$top/$path: $!\\n";
  my @field = unpack "L5", $attributes;
  my ($flags, $old) = @field[0, 3];
  $field[0] |= 0x200 if $isDirectory;
  $field[3] = $id;
  if ($field[0] != $flags || $id != $old) {
    substr($attributes, 0, 20) = pack "L5", @field;
    ioctl($entry, 0x401c5820, $attributes) or die "$top/$path: $!\\n";
  }
  return unless $isDirectory;
  opendir(my $list, "/proc/self/fd/" . fileno($entry)) or die "$top/$path: $!\\n";
  my @names = grep { $_ ne "." && $_ ne ".." } readdir $list;
  closedir $list;
  assign($entry, $_, $path eq "." ? $_ : "$path/$_", $id) for @names;
}
no warnings "recursion";
assign(undef, $top, ".", 0);
`;

/** Whether quotas are set and looked at: not in directory trees, nor in containers, whose kernel belongs to another machine. */
function applies(machine: Machine): boolean {
  return machine.live && !inContainer(machine);
}

/** Directory of the accounts that have quotas; undefined if none has one. */
function limited(bundle: Bundle): string | undefined {
  const found = accountsOf(bundle).find(([, { quotas }]) => quotas);
  return found && dirname(found[1].directory);
}

/**
 * Checks that the file system of the accounts enforces project quotas (ext4(5), xfs(5): mount option `prjquota`).
 * @throws ApplyError that says how to turn them on
 */
export function requireQuotas(machine: Machine, bundle: Bundle): void {
  const off = applies(machine) ? quotasOff(machine, bundle) : undefined;
  if (off !== undefined) throw new ApplyError(`${off}; nothing was changed, services keep running`);
}

/** Why quotas cannot be enforced, and how to turn them on. */
function quotasOff(machine: Machine, bundle: Bundle): string | undefined {
  const directory = limited(bundle);
  if (directory === undefined) return undefined;
  const { mount, source, type, options } = fileSystemOf(machine, directory);
  if (options.some((option) => option === "prjquota" || option === "pquota")) return undefined;
  const how =
    type === "ext4"
      ? `unmount it, run: tune2fs -O project,quota ${source}, add the mount option prjquota in /etc/fstab, mount it again`
      : type === "xfs"
        ? "add the mount option prjquota in /etc/fstab, unmount it and mount it again"
        : "put /srv/accounts on ext4 with the features project and quota and the mount option prjquota";
  return `${mount} (${type} on ${source}) does not enforce project quotas, so one account could fill the disk of all: ${how} (docs/how-to/operate/turn-on-disk-quotas.md), then deploy again`;
}

interface FileSystem {
  readonly mount: string;
  readonly source: string;
  readonly type: string;
  /** Of the file system, not of the mount (proc_pid_mountinfo(5)). */
  readonly options: readonly string[];
}

/** The file system that is mounted at a path or above it. */
function fileSystemOf({ layout }: Machine, path: string): FileSystem {
  const mounts = readFileSync(layout.at("/proc/self/mountinfo"), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line): FileSystem => {
      const [own = "", rest = ""] = line.split(" - ");
      const [type = "", source = "", options = ""] = rest.split(" ");
      return { mount: unescaped(own.split(" ")[4]!), source: unescaped(source), type, options: options.split(",") };
    })
    .filter(({ mount }) => `${path}/`.startsWith(mount === "/" ? "/" : `${mount}/`));
  // Of several at one point the last one covers the others.
  return mounts.reduce((best, each) => (each.mount.length >= best.mount.length ? each : best));
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** Compares projects and limits of all accounts with the bundle: two processes, however many accounts there are. */
export async function wrongQuotas(machine: Machine, bundle: Bundle): Promise<WrongQuota[]> {
  const directory = limited(bundle);
  if (!applies(machine) || directory === undefined) return [];
  const { mount } = fileSystemOf(machine, directory);
  const limits = readLimits(await output(machine, "repquota", ["-P", "-n", "-O", "csv", mount]));
  const accounts = accountsOf(bundle);
  const paths = accounts.flatMap(([, own]) => (own.quotas ?? []).map(({ path }) => join(own.directory, path)));
  const projects = await readProjects(machine, paths);
  return accounts.flatMap(([group, account]) =>
    (account.quotas ?? []).flatMap((quota): WrongQuota[] => {
      const path = join(account.directory, quota.path);
      const now = limits.get(quota.project);
      const unassigned = projects.get(path) !== quota.project || now === undefined || now.bytes + now.inodes === 0;
      if (!unassigned && now.bytes === inBlocks(quota) * block && now.inodes === quota.inodes) return [];
      const wanted = `${inBlocks(quota) * block} bytes and ${quota.inodes} inodes`;
      const message = unassigned
        ? `${path} has no quota, but should have ${wanted}`
        : `${path} has a quota of ${now.bytes} bytes and ${now.inodes} inodes, but should have ${wanted}`;
      return [{ group, account, quota, unassigned, message }];
    }),
  );
}

/** Sets quotas: assigns the files, then sets all limits in one call. @returns what could not be set */
export async function setQuotas(machine: Machine, wrong: readonly WrongQuota[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  for (const account of new Set(wrong.filter(({ unassigned }) => unassigned).map(({ account }) => account))) {
    const pairs = account.quotas!.flatMap(({ path, project }) => [path, `${project}`]);
    // One descriptor a level, and a hostile account may nest directories deeply.
    const command = ["--nofile=524288", "perl", "-e", assign, account.directory, ...pairs];
    const { status, stderr } = await machine.run("prlimit", command, { timeout: assignTimeout });
    if (status === 0) continue;
    const message = `its files cannot be counted for its quota: ${stderr.trim()}`;
    problems.push({ group: `account-${account.number}`, path: account.directory, message });
  }
  const done = wrong.filter(({ group }) => !problems.some((problem) => problem.group === group));
  if (done.length === 0) return problems;
  const lines = done.map(({ quota }) => `${quota.project} 0 ${inBlocks(quota)} 0 ${quota.inodes}\n`);
  const { mount } = fileSystemOf(machine, dirname(done[0]!.account.directory));
  const set = await machine.run("setquota", ["-P", "-b", mount], { input: lines.join("") });
  if (set.status !== 0) problems.push({ group: "host", message: `setquota: ${set.stderr.trim()}` });
  return problems;
}

/**
 * Counts files that lie outside of an account's directory for its quota: only such files can be renamed into it (ext4 and XFS refuse others with EXDEV). Root may do
 * that beyond the account's limits.
 */
export async function countForAccount(machine: Machine, account: BundleAccount, directory: string): Promise<void> {
  const project = account.quotas?.find(({ path }) => path === ".")?.project;
  if (applies(machine) && project !== undefined) await assignTo(machine, directory, [".", `${project}`]);
}

/** Files below a directory, which lies outside of the accounts', count for none of them any more, but those that the account has linked out of it. */
export async function countForNobody(machine: Machine, directory: string): Promise<void> {
  if (applies(machine)) await assignTo(machine, directory, []);
}

async function assignTo(machine: Machine, directory: string, pairs: readonly string[]): Promise<void> {
  const command = ["--nofile=524288", "perl", "-e", assign, directory, ...pairs];
  const { status, stderr } = await machine.run("prlimit", command, { timeout: assignTimeout });
  if (status !== 0) throw new ApplyError(`files below ${directory} cannot be counted: ${stderr.trim()}`);
}

/** Quotas that are off, missing or different. */
export async function lookAtQuotas(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  if (!applies(machine)) return [];
  const off = quotasOff(machine, bundle);
  if (off !== undefined) {
    const repaired = "by hand: docs/how-to/operate/turn-on-disk-quotas.md" as const;
    return [{ group: "host", kind: "quota-changed", what: "/srv/accounts", message: off, repaired }];
  }
  return (await wrongQuotas(machine, bundle)).map(({ group, account, quota, message }) => {
    return { group, kind: "quota-changed", what: join(account.directory, quota.path), message, repaired: byDeploy };
  });
}

function inBlocks({ bytes }: BundleQuota): number {
  return Math.ceil(bytes / block);
}

/** Hard limits by project. */
function readLimits(csv: string): Map<number, { bytes: number; inodes: number }> {
  const [header = [], ...rows] = csv.split("\n").map((line) => line.split(","));
  const column = (name: string) => {
    const at = header.indexOf(name);
    if (at < 0) throw new ApplyError(`repquota prints no ${name}: ${header.join()}`);
    return at;
  };
  const [project, blocks, inodes] = [column("Project"), column("BlockHardLimit"), column("FileHardLimit")];
  return new Map(
    rows
      .filter((row) => row.length === header.length)
      .map((row) => [
        Number(row[project]!.slice(1)),
        { bytes: Number(row[blocks]) * block, inodes: Number(row[inodes]) },
      ]),
  );
}

/** Projects of directories whose new entries inherit them. */
async function readProjects(machine: Machine, paths: readonly string[]): Promise<Map<string, number>> {
  const there = paths.filter((path) => existsSync(machine.layout.at(path)));
  const text = there.length === 0 ? "" : await output(machine, "lsattr", ["-pd", "--", ...there]);
  const projects = new Map<string, number>();
  for (const [, project, flags, path] of text.matchAll(/^ *(\d+) (\S+) (.*)$/gm)) {
    if (flags!.includes("P")) projects.set(path!, Number(project));
  }
  return projects;
}

async function output({ run }: Machine, program: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await run(program, args);
  if (status !== 0) throw new ApplyError(`${program}: ${stderr.trim() || `exit status ${status}`}`);
  return stdout;
}
