import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { patience } from "../archives/archives.ts";
import { becoming, programs, rootSettings } from "../backups/restic.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

/** Milliseconds between two lines of progress. */
const pace = 10_000;

export interface Sides {
  /** Home of the account that is copied; it may run, and change anything meanwhile. */
  readonly source: string;
  /** Empty directory of the account that gets the copy, in which nothing of it runs. */
  readonly target: string;
  /** User to whom all of the copy belongs. */
  readonly uid: number;
  /** Number of the account that gets the copy. */
  readonly number: number;
}

/** May read all below its one directory, and nothing else: neither write nor own. */
const reading = ["/usr/bin/setpriv", "--no-new-privs", "--bounding-set=-all,+dac_read_search", "--inh-caps=-all", "--"];

/**
 * Copies a home: one tar(1) reads it, another writes it. Both belong to hostile people, so on a host each has an empty root with that one directory in it: no
 * symlink leads anywhere, even one that is put in a path's place meanwhile. The writer is the account that gets the copy: all it makes belongs to that account
 * and counts for its disk limit; it can make no devices. Programs that run as their owner become ordinary ones, and access lists, which name users, stay behind.
 * @throws ApplyError if not all could be read and written
 */
export async function copyFiles(machine: Machine, { source, target, uid, number }: Sides): Promise<void> {
  const units = { read: `fairhost-copy-${number}-read`, write: `fairhost-copy-${number}-write` };
  // Those of a killed run.
  if (machine.live) for (const unit of Object.values(units)) await machine.run("systemctl", ["stop", "--quiet", unit]);
  const attributes = ["--xattrs", "--xattrs-include=user.*", "--no-acls", "--no-selinux"];
  const read = spawnIn(machine, { unit: units.read, directory: source, capabilities: "CAP_DAC_READ_SEARCH" }, [
    ...reading,
    ...["/usr/bin/tar", "--create", "--file=-", "--one-file-system", "--sparse", "--mode=ug-s", ...attributes],
    // Mounted there: its logs, and its backups while it looks at them.
    ...["--exclude=./admin", "--anchored", "--no-wildcards", "--warning=no-file-changed", "."],
  ]);
  const write = spawnIn(machine, { unit: units.write, directory: target, writable: true }, [
    ...becoming(uid),
    ...["/usr/bin/tar", "--extract", "--file=-", "--preserve-permissions", "--no-same-owner", "--no-overwrite-dir"],
    ...attributes,
  ]);
  let bytes = 0;
  read.stdout!.on("data", (data: Buffer) => (bytes += data.length));
  // A writer that ends early says itself why.
  write.stdin!.on("error", () => read.stdout!.destroy());
  read.stdout!.pipe(write.stdin!);
  const progress = setInterval(() => machine.say(`account ${number}: ${mib(bytes)} copied`), pace);
  try {
    const [reader, writer] = await Promise.all([ended(read), ended(write)]);
    if (writer.status !== 0) throw new ApplyError(`not all could be written: ${writer.said}`);
    // 1: a file changed or went away while it was read.
    if (reader.status !== 0 && reader.status !== 1) throw new ApplyError(`not all could be read: ${reader.said}`);
  } finally {
    clearInterval(progress);
  }
  machine.say(`account ${number}: ${mib(bytes)} copied, all files`);
}

interface Place {
  readonly unit: string;
  readonly directory: string;
  readonly writable?: true;
  readonly capabilities?: string;
}

/** Runs a command in a directory that is its working directory; on a host there is nothing else beside the programs of the host. */
function spawnIn(machine: Machine, place: Place, words: readonly string[]): ChildProcess {
  const { unit, directory, writable, capabilities = "CAP_SETUID CAP_SETGID" } = place;
  const inside = "/data";
  const command = machine.live
    ? [
        ...[
          "systemd-run",
          "--quiet",
          "--pipe",
          "--wait",
          "--collect",
          `--unit=${unit}`,
          "--slice=fairhost-backup.slice",
        ],
        ...rootSettings.map((setting) => `--property=${setting}`),
        ...programs().map((path) => `--property=BindReadOnlyPaths=${path}:${path}:norbind`),
        `--property=${writable ? "BindPaths" : "BindReadOnlyPaths"}=${directory}:${inside}:norbind`,
        `--property=WorkingDirectory=${inside}`,
        `--property=CapabilityBoundingSet=CAP_SETPCAP ${capabilities}`,
        ...["--property=UMask=0077", "--"],
      ]
    : ["nice", "-n", "10"];
  const [program, ...args] = [...command, ...words];
  const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };
  const stdio = [writable ? "pipe" : "ignore", writable ? "ignore" : "pipe", "pipe"] as const;
  return spawn(program!, args, { cwd: directory, env, stdio: [...stdio], timeout: patience });
}

async function ended(child: ChildProcess): Promise<{ readonly status: number; readonly said: string }> {
  let said = "";
  child.stderr!.on("data", (data: Buffer) => {
    said = `${said}${data}`.slice(-1000);
  });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  return { status: status ?? 128, said: said.trim() || `tar ended with ${signal ?? status}` };
}

const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`;
