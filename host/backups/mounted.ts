import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { passMount } from "../../delivery/protocol/backups.ts";
import { must } from "../archives/archives.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { hurried, sshTo } from "./keepers.ts";
import { type Opened, programs, relayTo, rootSettings, shortened, throughRelay } from "./restic.ts";

/** A repository that is mounted, read-only. */
export interface Mounted {
  /** Directory with one for each snapshot. */
  readonly snapshots: string;
  /** When something last came from the backup host, by `performance.now()`. */
  lastCame(): number;
  /** Whether somebody waits for an answer of the file system. */
  isAwaited(): boolean;
  /** Resolves with the reason when it is over: restic has ended, or the connection. */
  readonly over: Promise<string>;
  /** Ends restic, at once. Whoever waits for the file system gets an error. */
  end(): Promise<void>;
}

/** How snapshots are named: by the time at which they were begun, in UTC. */
const timeTemplate = "2006-01-02_15-04-05";

/**
 * Mounts a repository with restic, which runs as in restic.ts: in an empty root, without network and without any capability. It could not mount by itself. So
 * the file system is mounted here, and restic gets the open descriptor that answers for it, in the place of its standard output.
 * @param at an empty directory
 * @param unit name of its unit without suffix; it ends with the unit that this process is
 */
export async function mountRepository(opened: Opened, at: string, unit: string): Promise<Mounted> {
  const { machine, account, keeper, name, key } = opened;
  let lastCame = performance.now();
  let isOver = (_why: string) => {};
  const over = new Promise<string>((resolve) => {
    isOver = resolve;
  });
  const socket = `${at}.sock`;
  const relay = await relayTo(sshTo(machine, keeper, account, ["open", name], hurried), socket, (what) => {
    lastCame = performance.now();
    if (what === "ended") isOver(`the connection to ${keeper.name} has ended`);
  });
  const fuse = openSync("/dev/fuse", "r+");
  let child: ReturnType<typeof spawn>;
  try {
    await mountFuse(fuse, at);
    const command = [
      ...["systemd-run", "--quiet", "--pipe", "--wait", "--collect", `--unit=${unit}`],
      ...["--slice=fairhost-views.slice", `--property=BindsTo=fairhost-backup-view@${account}.service`],
      ...rootSettings.map((setting) => `--property=${setting}`),
      // Who waits for it is a person. The rest is bounded by the slice.
      ...["Nice=0", "IOSchedulingClass=best-effort", "MemoryMax=256M", "TasksMax=64", "KillSignal=SIGKILL"].map(
        (setting) => `--property=${setting}`,
      ),
      ...programs().map((path) => `--property=BindReadOnlyPaths=${path}`),
      `--property=BindReadOnlyPaths=${join(machine.layout.current, passMount)}:/opt/fusermount`,
      ...[`${socket}:/run/repository`, "/dev/null"].map((path) => `--property=BindPaths=${path}`),
      "--property=CapabilityBoundingSet=",
      ...["PATH=/opt:/usr/bin", "HOME=/nonexistent", "GOMAXPROCS=1", "GOMEMLIMIT=160MiB"].map(
        (each) => `--setenv=${each}`,
      ),
      ...[
        "--",
        "/bin/sh",
        "-c",
        'exec 9<&1 >&2; exec "$@"',
        "sh",
        "/usr/bin/restic",
        "mount",
        "--no-lock",
        "--no-cache",
      ],
      // It looks whether the directory is there, and mounts nothing.
      ...["--path-template=by-time/%T", `--time-template=${timeTemplate}`, ...throughRelay, "/usr"],
    ];
    child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", fuse, "pipe"] });
  } catch (error) {
    await relay.end();
    throw error;
  } finally {
    // restic alone holds it now: with it the file system ends.
    closeSync(fuse);
  }
  child.stdin!.on("error", () => {});
  child.stdin!.end(`${key}\n`);
  const said = text(child.stderr!);
  void once(child, "close").then(async () =>
    isOver(`${name} on ${keeper.name}: ${shortened([relay.said(), (await said).trim()].filter(Boolean).join("; "))}`),
  );
  const waiting = `/sys/fs/fuse/connections/${deviceOf(at)}/waiting`;
  return {
    snapshots: join(at, "by-time"),
    over,
    lastCame: () => lastCame,
    isAwaited: () => existsSync(waiting) && readFileSync(waiting, "utf8").trim() !== "0",
    async end() {
      await machine.run("systemctl", ["--quiet", "kill", "--signal=KILL", `${unit}.service`]);
      await relay.end();
    },
  };
}

/** mount(8) with the descriptor that answers for the file system. Read-only; whose files they are, and who may read them, the kernel decides by their modes. */
async function mountFuse(fuse: number, at: string): Promise<void> {
  const options = "rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,ro,nosuid,nodev,noexec";
  const words = ["--internal-only", "--types=fuse", `--options=fd=3,${options}`, "backup", at];
  const child = spawn("mount", words, { stdio: ["ignore", "ignore", "pipe", fuse] });
  const [said, [status]] = await Promise.all([text(child.stderr!), once(child, "close")]);
  if (status !== 0) throw new ApplyError(`mount of ${at}: ${said.trim()}`);
}

/** Number of the device of a mounted file system, without asking the file system. */
function deviceOf(at: string): string {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const [, , device = ""] = lines.map((line) => line.split(" ")).findLast((fields) => fields[4] === at) ?? [];
  return device.replace(/^0:/, "");
}

/** Names of the snapshots in a mounted repository. @throws ApplyError if it does not answer in time */
export async function snapshotsIn(machine: Machine, { snapshots }: Mounted): Promise<string[]> {
  const { stdout } = await must(machine, "ls", [snapshots], { timeout: 20_000 });
  return stdout.split("\n").filter((name) => /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(?:-\d+)?$/.test(name));
}
