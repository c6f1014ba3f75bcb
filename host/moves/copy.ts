import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../../lib/text/text.ts";
import { accountDirectory, must, patience, requireQuiet, withArchives } from "../archives/archives.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { type Wait, watchForWaits, withDescendants } from "../os/waits.ts";
import { markedAt } from "../store/moving.ts";
import { moveState } from "./state.ts";
import { notExpected } from "./steps.ts";

/** What is copied: the account's own files while it runs, or, while it is held, all that is different since, with its logs. */
export const passes = ["running", "last"] as const;
export type Pass = (typeof passes)[number];

/** Directories that an account owns, copied while it runs; with its logs in the last pass. */
const own = ["home", "lib"];
const all = [...own, "admin"];

/**
 * Exit statuses of rsync(1) that are no failure while the account runs: it keeps files from itself, or has removed them meanwhile. 12: the sender has ended. If
 * that was no part of {@link send}, its own exit status says so, and the last pass brings what did not come.
 */
const harmless = [23, 24];
const harmlessToReceiver = [...harmless, 12];

/**
 * Serves the account's directory to {@link receive} on the host it moves to, in rsync's own protocol on standard input and output: nothing
 * listens. The other host is not trusted: rsync changes its root to the directory first, so whatever is asked for, and whatever symlinks the account has
 * made, there is nothing else. While the account runs it reads as the account's own user.
 */
export function send(machine: Machine, number: number, pass: Pass): Promise<void> {
  return withArchives(machine, number, async () => {
    const source = accountDirectory(machine, number);
    if (pass === "last") await requireQuiet(machine, number);
    // From now on the first write to each page that a program has mapped gives its file a new time of change: see forgetTimes.
    else await must(machine, "sync", ["--file-system", source]);
    const { uid, gid } = pass === "last" ? { uid: 0, gid: 0 } : statSync(join(source, "home"));
    const settings = ["use chroot = yes", "read only = yes", "munge symlinks = no", "log file = /dev/null"];
    const module = ["[data]", `path = ${source}`, `uid = ${uid}`, `gid = ${gid}`, ""];
    const path = join(machine.layout.jobs, `move-${number}.conf`);
    machine.disk.replace(path, [...settings, ...module].join("\n"), 0o600, { sync: false });
    try {
      const words = ["rsync", "--server", "--daemon", `--config=${path}`, "."];
      await transfer(machine, [...patiently(pass), ...words], pass === "running" ? harmless : []);
    } finally {
      machine.disk.remove(path);
    }
  });
}

/** While the account is down, nobody is to wait for others. */
const patiently = (pass: Pass) => (pass === "running" ? ["nice", "-n", "10"] : []);

/** What rsync runs in place of a remote shell: it carries its two pipes to the descriptors 3 and 4, and ends with the sender. */
const bridge = "/bin/sh -c 'exec 5<&0; cat <&5 >&4 & cat <&3 4>&- 5<&-; kill $!'";

/**
 * Takes the account's data from {@link send}. What has come already is not sent again, so an interrupted copy goes on. Nothing of the account runs
 * here, but what restores its databases meanwhile, so nobody else changes anything. The other host is not trusted: rsync can write to the account's directory alone, makes no devices and no
 * programs that run as their owner, and reaches no network.
 * @throws ApplyError if the account is not expected here, or if not all of it came
 */
export function receive(machine: Machine, number: number, pass: Pass): Promise<void> {
  return withArchives(machine, number, async () => {
    if (!moveState(machine, number).coming) throw notExpected(number);
    await requireQuiet(machine, number, "restores");
    const place = accountDirectory(machine, number);
    // By name: rsync refuses anything else that the other host sends, such as a symlink where root writes dumps later.
    const sources = (pass === "last" ? all : own).map((name) => `x::data/${name}`);
    const rsync = [
      ...[
        "rsync",
        "--archive",
        "--no-devices",
        "--chmod=Fug-s",
        "--hard-links",
        "--acls",
        "--xattrs",
        "--filter=-x! user.*",
      ],
      ...["--sparse", "--numeric-ids", "--delete", "--partial", "--blocking-io", `--rsh=${bridge}`],
      // Mounted when somebody looks (components/backup/render-view.ts).
      "--exclude=/admin/backup",
      ...[...sources, `${place}/`],
    ];
    // rsync's own standard output would get into the protocol.
    const words = ["/bin/sh", "-c", 'exec 3<&0 4>&1 >&2 </dev/null; exec "$@"', "sh", ...patiently(pass), ...rsync];
    const command = machine.live ? [...confinedTo(place, number), ...words] : words;
    await transfer(machine, command, pass === "running" ? harmlessToReceiver : []);
    if (pass === "running") await forgetTimes(machine, number, place);
    // systemd opens logs as root: there is nothing there but files and directories.
    const odd = ["(", "!", "-type", "f", "!", "-type", "d", ")", "-o", "(", "-type", "f", "-links", "+1", ")"];
    if (pass === "last") await must(machine, "find", [join(place, "admin"), "(", ...odd, ")", "-delete"]);
  });
}

/** Seconds by which the clocks of two hosts may differ. */
const clocks = 10;

/**
 * Gives what came and has changed since the move began a time that the original does not have, so that the last pass compares its content. A program that has mapped
 * a file (LMDB, SQLite) goes on writing to a page without a new time of change, until the kernel has written the page to the disk, half a minute later:
 * rsync, which goes by size and time, would leave that out.
 */
async function forgetTimes(machine: Machine, number: number, place: string): Promise<void> {
  const since = markedAt(machine, "coming", number).getTime() / 1000 - clocks;
  const changed = ["-type", "f", "-newermt", `@${since}`];
  const came = own.filter((name) => existsSync(join(place, name)));
  if (came.length === 0) return;
  // Paths as rsync has them: an absolute one may be too long for the kernel, and the account would keep itself from being moved.
  const touch = ["-exec", "touch", "--no-create", "--date=@0", "--", "{}", "+"];
  await must(machine, "env", [`--chdir=${place}`, "find", ...came, ...changed, ...touch]);
}

/** systemd.exec(5): root that can write to one directory, and only do to files what a copy needs. */
function confinedTo(place: string, number: number): string[] {
  const settings = {
    ProtectSystem: "strict",
    ReadWritePaths: place,
    InaccessiblePaths: "-/var/lib/fairhost/secrets",
    CapabilityBoundingSet: "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID",
    NoNewPrivileges: "yes",
    PrivateDevices: "yes",
    PrivateNetwork: "yes",
    PrivateTmp: "yes",
    RestrictAddressFamilies: "AF_UNIX",
    SystemCallFilter: "@system-service",
    UMask: "0077",
  };
  const properties = Object.entries(settings).map(([name, value]) => `--property=${name}=${value}`);
  // With one name for all runs, one that was cut off cannot write beside its successor.
  const unit = `--unit=fairhost-move-${number}`;
  return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", unit, ...properties, "--"];
}

/**
 * A pipe in the place of a file keeps rsync waiting for ever, and only an account that runs can put one there at the moment that matters: rsync is ended then, and
 * the last pass, in which nothing of the account runs, copies what is left.
 * @param unharmed exit statuses that are no failure
 * @throws ApplyError if not all was copied
 */
async function transfer(
  machine: Machine,
  [program, ...args]: readonly string[],
  unharmed: readonly number[],
): Promise<void> {
  const child = spawn(program!, args, { stdio: "inherit", timeout: patience });
  const all = () => withDescendants(machine, `${child.pid}`);
  let waited: Wait | undefined;
  const endWatch = watchForWaits(machine, all, (wait) => {
    waited = wait;
    for (const pid of all()) killUnlessGone(Number(pid));
  });
  const [status] = (await once(child, "close")) as [number | null];
  endWatch();
  const file = printable(waited?.file ?? "a file");
  if (waited && unharmed.length > 0)
    return machine.say(`a program of the account kept the copy waiting for ${file}: the rest comes when it is stopped`);
  if (waited)
    throw new ApplyError(`the copy was kept waiting for ${file}, by a pipe in its place or a lease: try again`);
  if (status === 0 || unharmed.includes(status ?? -1)) return;
  throw new ApplyError(`rsync ended with ${status}: what has come stays there, and the next run goes on with it`);
}

function killUnlessGone(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
