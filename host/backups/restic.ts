import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Keeper } from "../../delivery/protocol/backups.ts";
import { architectureHere } from "../../lib/architectures.ts";
import { printable } from "../../lib/text/text.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { processesIn, type Wait, watchForWaits } from "../os/waits.ts";
import { sshTo } from "./keepers.ts";
import { readOutput, statusPerSecond } from "./progress.ts";
import { hasSpool, makeSpool } from "./state.ts";

/** A repository that is open to one account's programs of this host. */
export interface Opened {
  readonly machine: Machine;
  readonly account: number;
  readonly keeper: Keeper;
  readonly name: string;
  readonly key: string;
  /** Where it is on this host: the copy that a standby has, or what waits for the backup host. Without it, it is on the backup host. */
  readonly directory?: string;
  /** Whether it is written to there. */
  readonly writable?: true;
}

/** A directory of the host and where restic sees it. */
export interface Mount {
  readonly from: string;
  readonly to: string;
  readonly writable?: true;
}

export interface ResticOptions {
  readonly mounts?: readonly Mount[];
  /** User as which restic runs; without it root, which may read every file below the mounts and write nothing. */
  readonly uid?: number;
  /** Seconds after which it is ended, if not six hours. */
  readonly longest?: number;
  /** File descriptor to which standard output goes; without it the result has it. */
  readonly output?: number;
  /** Told every ten seconds how far a restore is. */
  readonly tell?: (progress: string) => void;
  /** Asked several times a second while it runs: why it is to end now. */
  readonly until?: () => string | undefined;
  /** Directory of this host in which it keeps what it has read of the repository's indexes, snapshots and directories, encrypted as they are. */
  readonly cache?: string;
  /** Repository on this host with the same key, out of which `copy` takes snapshots. */
  readonly source?: string;
}

export interface ResticResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether SSH itself failed, other than by a key that the backup host does not take. */
  readonly unreachable: boolean;
  /** Why it was ended: the account keeps it waiting by what it has put in a file's place. */
  readonly waited?: Wait;
  /** Why it was ended, by {@link ResticOptions.until}. */
  readonly ended?: string;
}

/** A backup host cannot be reached: what fails so for one account fails so for all. */
export class Unreachable extends ApplyError {}

/** restic(1), `Exit codes`: there is no repository. */
export const noRepository = 10;
/** Some files could not be read: they went away meanwhile. */
export const incomplete = 3;

/**
 * A Perl program, which starts in a sixth of Python's time: it lets the kernel follow no symlink below the mounts that its words name (mount(2), MS_NOSYMFOLLOW), and becomes the command
 * after them. An account that puts a symlink in a directory's place while restic is in it would have what is beside its home, for root alone, in its own backup.
 */
const withoutSymlinks = `my ($call, $none) = (shift() + 0, "none");
sub give_up { print STDERR "$_[0]: $!\\n"; exit 1 }
while (@ARGV and (my $path = shift) ne "--") {
    # As it is, read-only, nosuid and nodev: 1, 2, 4. Of this mount alone: 32, 4096.
    syscall($call, $none, $path, $none, 1 | 2 | 4 | 256 | 32 | 4096, 0) == 0 or give_up($path);
}
exec { $ARGV[0] } @ARGV or give_up($ARGV[0]);
`;

const resticSlice = "fairhost-backup.slice";

/** Where that program is; perl opens /dev/null for one on its command line, and there is none. */
const withoutSymlinksName = "without-symlinks";

/** As root, reading all below its mounts and nothing else. */
function reading(mounts: readonly Mount[]): string[] {
  const rights = ["--no-new-privs", "--bounding-set=-all,+dac_read_search", "--inh-caps=-all"];
  const paths = mounts.map(({ to }) => to);
  const program = ["/usr/bin/perl", `/tmp/${withoutSymlinksName}`, `${architectureHere().mount}`];
  return [...program, ...paths, "--", "/usr/bin/setpriv", ...rights, "--"];
}

/**
 * Runs restic in a root of its own, in which there is nothing but the programs of the host and the mounts: whatever symlinks an account makes
 * while its files are read or written, they lead nowhere. It has no network: connections of a socket are carried to the backup host from
 * outside, so neither the host's key nor the repository's (which comes on standard input) is in a file that it could be led to.
 */
export async function restic(
  { machine, account, keeper, name, key, directory, writable: isOwn }: Opened,
  args: readonly string[],
  { mounts = [], uid, output, longest, until, cache, source, tell = () => {} }: ResticOptions = {},
): Promise<ResticResult> {
  const socket = join(machine.layout.jobs, `backup-${account}.sock`);
  const unit = `fairhost-backup-${account}-${args[0]}`;
  const group = `fairhost.slice/${resticSlice}/${unit}.service`;
  // What a killed run has left, whose unit may only begin: whoever is here has the account's lock. Asked of systemd each time, it would cost each account twice
  // the start of a program.
  const isLeft =
    existsSync(socket) ||
    hasSpool(machine, account, ".tmp") ||
    existsSync(machine.layout.at(`/sys/fs/cgroup/${group}`));
  if (isLeft) await machine.run("systemctl", ["stop", "--quiet", `${unit}.service`]);
  machine.disk.remove(socket);
  // Packs until they are sent: too much for memory, unless there is no room elsewhere.
  const { path: temporary } = makeSpool(machine, account, ".tmp");
  const relay =
    directory === undefined
      ? await relayTo(sshTo(machine, keeper, account, ["open", name]), socket)
      : { said: () => "", failed: () => false, end: async () => {} };
  // Outside, nobody but root comes into its directory.
  const own = directory === undefined ? [socket, temporary] : [temporary];
  if (uid !== undefined) for (const path of own) chownSync(path, uid, uid);
  else machine.disk.create(join(temporary, withoutSymlinksName), withoutSymlinks, 0o600, { sync: false });
  const writable = true as const;
  const places = [
    directory === undefined
      ? { from: socket, to: "/run/repository", writable }
      : { from: directory, to: "/run/repository", ...(isOwn && { writable }) },
    { from: temporary, to: "/tmp", writable },
    ...(cache === undefined ? [] : [{ from: cache, to: "/run/cache", writable }]),
    ...(source === undefined ? [] : [{ from: source, to: "/run/source", writable }]),
    ...mounts,
  ];
  const bind = ({ from, to, writable }: Mount) =>
    `--property=${writable ? "BindPaths" : "BindReadOnlyPaths"}=${from}:${to}:norbind`;
  const command = [
    ...["systemd-run", "--quiet", "--pipe", "--wait", "--collect", `--unit=${unit}`],
    `--slice=${resticSlice}`,
    ...rootSettings.map((setting) => `--property=${setting}`),
    ...(longest === undefined ? [] : [`--property=RuntimeMaxSec=${longest}`]),
    ...programs().map((path) => bind({ from: path, to: path })),
    ...places.map(bind),
    ...(uid === undefined
      ? ["--property=CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_ADMIN CAP_SETPCAP"]
      : ["--property=CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_SETPCAP", "--property=UMask=0077"]),
    ...["--setenv=HOME=/nonexistent", "--setenv=GOMAXPROCS=1", `--setenv=RESTIC_PROGRESS_FPS=${statusPerSecond}`, "--"],
    ...(uid === undefined ? reading(mounts) : becoming(uid)),
    ...(source === undefined ? [] : keyForBoth),
    ...["/usr/bin/restic", ...args, ...(source === undefined ? [] : ["--from-repo=/run/source"])],
    ...(directory === undefined ? throughRelay : inPlace),
    cache === undefined ? "--no-cache" : "--cache-dir=/run/cache",
  ];
  const kill = () => void machine.run("systemctl", ["kill", "--signal=KILL", `${unit}.service`]);
  let waited: Wait | undefined;
  let ended: string | undefined;
  // restic opens files as it found them, and an account may have put a pipe in the place of one meanwhile.
  const endWatch = watchForWaits(
    machine,
    () => processesIn(machine, group),
    (wait) => {
      waited = wait;
      kill();
    },
  );
  const looking =
    until &&
    setInterval(() => {
      ended ??= until();
      // Again and again: its unit may only begin.
      if (ended !== undefined) kill();
    }, 250);
  try {
    const [first, ...rest] = command;
    const child = spawn(first!, rest, { stdio: ["pipe", output ?? "pipe", "pipe"] });
    child.stdin!.on("error", () => {});
    child.stdin!.end(`${key}\n`);
    const [stdout, stderr, [status]] = await Promise.all([
      child.stdout ? readOutput(child.stdout, tell) : "",
      text(child.stderr!),
      once(child, "close") as Promise<[number | null]>,
    ]);
    ended ??= until?.();
    // What SSH says comes first: without a connection the rest only follows from it.
    return {
      status: status ?? 128,
      stdout,
      stderr: [relay.said(), stderr.trim()].filter(Boolean).join("; "),
      unreachable: !waited && relay.failed() && !/Permission denied/.test(relay.said()),
      ...(waited && { waited }),
      ...(ended !== undefined && { ended }),
    };
  } finally {
    endWatch();
    clearInterval(looking);
    await relay.end();
    machine.disk.remove(socket);
    machine.disk.remove(temporary);
  }
}

/** Ends what a run that was killed has left: it may write as the account. Only for who has the account's lock. */
export const endLeft = (machine: Machine, account: number) =>
  machine.run("systemctl", ["stop", "--quiet", `fairhost-backup-${account}-*.service`]);

/** As {@link restic}, for what must succeed. @throws ApplyError with what it says */
export async function mustRestic(
  opened: Opened,
  args: readonly string[],
  options: ResticOptions = {},
): Promise<string> {
  const result = await restic(opened, args, options);
  if (result.status === 0 && result.ended === undefined) return result.stdout;
  throw failureOf(opened, result, `restic ${args[0]} of ${opened.name} on ${opened.keeper.name}`);
}

/** @param what was done, as the beginning of a sentence */
export function failureOf({ keeper }: Opened, result: ResticResult, what: string): ApplyError {
  const { status, stderr, unreachable, waited, ended } = result;
  if (waited) return new ApplyError(`${what} was ended: ${waitsFor(waited)}`);
  if (ended !== undefined) return new ApplyError(`${what} was ended: ${ended}`);
  if (unreachable) return new Unreachable(`${keeper.name} cannot be reached: ${shortened(stderr)}`);
  // Half a file is all that a full disk takes, and nothing is written over it (`--append-only`).
  const why = /403 Forbidden/.test(stderr)
    ? `; ${keeper.name} takes no more, as when its disk is full, or what the account may have there`
    : "";
  return new ApplyError(`${what}: ${shortened(stderr)} (exit status ${status})${why}`);
}

/** Why it was ended, and what to do about it. */
export const waitsFor = ({ file }: Wait) =>
  `a program of the account kept it waiting for ${printable(file ?? "a file")}, by a pipe in its place or a lease: end that program, or suspend the account, then try again`;

/** The end of what restic says, which with `--json` is one object a line: what it is about, and what is wrong. */
export function shortened(said: string): string {
  const lines = said.split("\n").map((line) => {
    const [message, item] = ["message", "item"].map(
      (key) => new RegExp(`^\\{.*"${key}":"((?:[^"\\\\]|\\\\.)*)"`).exec(line)?.[1],
    );
    return message === undefined ? line : [item, message].filter(Boolean).join(": ");
  });
  return lines.slice(-3).join("; ").slice(-600);
}

/** Command that runs what follows as a user whom the host need not know: accounts of other hosts are restored here, too. */
export function becoming(uid: number): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  return ["/usr/bin/setpriv", ...ids, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"];
}

/** What every root has that {@link rootSettings} begins. Which links to /usr there are depends on the architecture. */
export function programs(): string[] {
  const links = readdirSync("/").flatMap((name) => (name.startsWith("lib") ? [`/${name}`] : []));
  return ["/usr", "/bin", "/etc/ld.so.cache", ...links].filter((path) => existsSync(path));
}

/** Of units whose root is empty, without a network. */
export const rootSettings = [
  "TemporaryFileSystem=/:ro,mode=0755",
  "WorkingDirectory=/",
  "PrivateNetwork=yes",
  "PrivateIPC=yes",
  "NoNewPrivileges=yes",
  "AmbientCapabilities=",
  "RestrictAddressFamilies=AF_UNIX",
  "RestrictNamespaces=yes",
  "ProtectKernelLogs=yes",
  "SystemCallArchitectures=native",
  "Nice=19",
  "IOSchedulingClass=idle",
  "RuntimeMaxSec=6h",
];

export interface Relay {
  /** What SSH has written to standard error. */
  said(): string;
  /** Whether it ended by itself with 255, which is its own (ssh(1)): the command's would be another. */
  failed(): boolean;
  end(): Promise<void>;
}

/** How restic comes to {@link relayTo}'s socket, which is `/run/repository` for it. */
export const throughRelay = [
  "--repo=rclone:x",
  "--option=rclone.program=/bin/sh -c 'exec socat STDIO UNIX-CONNECT:/run/repository'",
];

/** The same for a repository on this host. */
const inPlace = ["--repo=/run/repository"];

/** Of two repositories restic reads one key alone on standard input. Its environment is root's, as its memory is. */
const keyForBoth = [
  ...["/bin/sh", "-c"],
  'IFS= read -r key && RESTIC_PASSWORD=$key RESTIC_FROM_PASSWORD=$key exec "$@"',
  "sh",
];

/** Carries each connection to a Unix socket of root to a command of its own. @param seen is called when the command has written something, or has ended */
export async function relayTo(
  [program, ...args]: readonly string[],
  socket: string,
  seen: (what: "came" | "ended") => void = () => {},
): Promise<Relay> {
  let said = "";
  let failed = false;
  const running = new Set<ReturnType<typeof spawn>>();
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    const child = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"] });
    running.add(child);
    child.stderr.on("data", (data: Buffer) => {
      said = `${said}${data}`.slice(-2000);
    });
    for (const stream of [connection, child.stdin, child.stdout]) stream.on("error", () => {});
    connection.pipe(child.stdin);
    child.stdout.on("data", () => seen("came"));
    child.stdout.pipe(connection);
    child.on("close", (status) => {
      // So it ends, too, when restic has gone and its connection with it.
      failed ||= status === 255 && !child.killed;
      running.delete(child);
      connection.destroy();
      seen("ended");
    });
    connection.on("close", () => child.kill());
  });
  server.listen(socket);
  await once(server, "listening");
  return {
    said: () => said.trim(),
    failed: () => failed,
    async end() {
      const ended = [...running].map((child) => once(child, "close"));
      for (const child of running) child.kill();
      server.close();
      await Promise.all(ended);
    },
  };
}
