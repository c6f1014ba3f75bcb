import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, readlink, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { endProcess, identify, isAlive, type ProcessId } from "../toolchain/system/processes.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import { LabError } from "./errors.ts";
import { ensureTree, type Progress } from "./image/tree.ts";

export interface RunOptions {
  /** Text or bytes for the command's standard input; without it the input is empty. */
  readonly stdin?: string | Uint8Array;
  /** Milliseconds after which the command is killed. Default 60,000. */
  readonly timeout?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** 124 if the time limit was exceeded. */
  readonly exitCode: number;
}

export interface ContainerOptions {
  /** Host name inside; letters, digits and hyphens. */
  readonly name: string;
  /** Milliseconds the boot may take. Default 60,000 (1 to 2 s on an idle machine). */
  readonly timeout?: number;
  /** What is waited for before the boot; without it standard error says so. */
  readonly progress?: Progress;
}

/**
 * A Debian 13 host without a virtual machine: the lab's root tree under its own systemd as PID 1, in namespaces of its own.
 * Units, sandboxing, userdb, sockets, nginx and AnyIP on `lo` work as on a host. Missing: cpu, memory, io and pids
 * controllers (unless the machine runs cgroup 2 only), its own kernel, disks, links; udevd, networkd and sshd are masked.
 */
export interface ContainerHost extends AsyncDisposable {
  readonly name: string;
  /** The machine's process id of the container's PID 1: `nsenter -t PID -n` enters its network namespace. */
  readonly netnsPid: number;
  /** Runs a command as root inside. A non-zero exit status is a result, not an error. */
  run(command: string | readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Writes a file inside (parent folders are made), as root. Default mode 0o644. */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  /** Ends everything inside, at once. Also called by `await using`. */
  stop(): Promise<void>;
}

const shellPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Capabilities that even root inside does not get, because no namespace confines them: modules, clock, ports and kernel log of the
 * machine. Dropped for PID 1 and for every command of `run`: a command that enters from outside has all rights of the caller.
 */
const droppedCapabilities = "-sys_module,-sys_time,-sys_rawio,-syslog";

/**
 * Boots a container and waits until systemd says `running` or `degraded`. Nothing it writes is kept. It ends with `stop()`,
 * at the end of its `await using` block, or with the calling process, however that ends.
 * @throws LabError without root, when the machine has no cgroup 2 hierarchy, or when the boot does not end in time.
 */
export async function bootContainer(options: ContainerOptions): Promise<ContainerHost> {
  if (!/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/.test(options.name)) {
    throw new LabError(`"${options.name}" is not a valid host name`, "use lower-case letters, digits and hyphens");
  }
  const image = await ensureTree(options.progress ?? console.error);
  await ensureDebianPackages(["iproute2", "util-linux"]);
  await sweepCgroups(await cgroup2Root());
  const cgroup = join(await cgroup2Root(), `fairhost-${options.name}-${randomUUID().slice(0, 8)}`);
  await mkdir(cgroup);
  const init = join(import.meta.dirname, "image", "container-init.sh");
  const machineId = randomUUID().replaceAll("-", "");
  // --pdeathsig and --kill-child: the container ends with the process that started it, even if that is killed.
  const child = execa(
    "sh",
    [
      "-c",
      'echo $$ > "$1/cgroup.procs" && shift && exec setpriv --pdeathsig KILL -- unshare -m -p -C -u -i -n --fork --kill-child -- "$@"',
      "sh",
      cgroup,
      "sh",
      init,
      image.tree,
      image.mountPoint,
      options.name,
      machineId,
      droppedCapabilities,
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", all: true, reject: false, maxBuffer: 1_000_000 },
  );
  const outer = child.pid === undefined ? undefined : await identify(child.pid);
  if (!outer)
    throw new LabError("the container could not be started", "check that util-linux (unshare, setpriv) is installed");
  const end = performance.now() + (options.timeout ?? 60_000);
  try {
    const pid = await firstChild(outer, end);
    const host = containerHost(
      options.name,
      pid,
      async () => {
        await endContainer(outer, cgroup);
        await child;
      },
      async () => {
        // Of a process that is ending its namespaces go first.
        if (await readlink(`/proc/${pid}/ns/mnt`).catch(() => undefined)) return;
        const { all, exitCode, signal } = await child;
        return new LabError(
          `PID 1 of container ${options.name} ended by itself (${signal ?? `exit status ${exitCode}`})\n${all}`,
          "its last lines above say why, if it could say so; the kernel's log says whether it was out of memory",
        );
      },
    );
    await waitUntilUp(host, outer, end);
    return host;
  } catch (error) {
    await endContainer(outer, cgroup);
    const output = (await child).all;
    throw new LabError(
      `container ${options.name} did not come up: ${error instanceof Error ? error.message : String(error)}${output ? `\n${output}` : ""}`,
      `give it more time (timeout), or delete ${image.folder} to rebuild the image`,
    );
  }
}

function containerHost(
  name: string,
  pid: number,
  end: () => Promise<void>,
  ended: () => Promise<LabError | undefined>,
): ContainerHost {
  const run = async (command: string | readonly string[], options: RunOptions = {}): Promise<RunResult> => {
    const timeout = options.timeout ?? 60_000;
    const started = performance.now();
    const words = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
    const result = await execa(
      "/usr/bin/nsenter",
      [
        "-t",
        String(pid),
        "-m",
        "-u",
        "-i",
        "-n",
        "-p",
        "-C",
        "-r",
        "-w",
        "--",
        "/usr/bin/setpriv",
        `--bounding-set=${droppedCapabilities}`,
        `--inh-caps=${droppedCapabilities}`,
        "--pdeathsig=KILL",
        "--",
        // Ends the command's whole process group; killing nsenter from outside would leave the command's children behind.
        "/usr/bin/timeout",
        "--signal=KILL",
        `${timeout / 1000}`,
        ...words,
      ],
      {
        env: { PATH: shellPath, HOME: "/root", LANG: "C.UTF-8" },
        extendEnv: false,
        reject: false,
        // Only if the timeout inside did not work.
        timeout: timeout + 5_000,
        killSignal: "SIGKILL",
        stripFinalNewline: false,
        ...(options.stdin === undefined ? { stdin: "ignore" } : { input: options.stdin }),
      },
    );
    // A command that its host left under it is no result of the command.
    const gone = result.exitCode === 0 ? undefined : await ended();
    if (gone) throw gone;
    const late = performance.now() - started >= timeout && result.exitCode !== 0;
    return { stdout: result.stdout, stderr: result.stderr, exitCode: late ? 124 : (result.exitCode ?? 128) };
  };
  return {
    name,
    netnsPid: pid,
    run,
    async writeFile(path, content, mode = 0o644) {
      const write = 'mkdir -p "$(dirname "$1")" && rm -f "$1" && (umask 077 && cat > "$1") && chmod "$2" "$1"';
      const result = await run(["/bin/sh", "-c", write, "sh", path, mode.toString(8)], { stdin: content });
      if (result.exitCode !== 0) throw new Error(`${path} could not be written in ${name}: ${result.stderr}`);
    },
    stop: end,
    [Symbol.asyncDispose]: end,
  };
}

/** Mount point of the cgroup 2 hierarchy on this machine, alone or beside version 1. */
async function cgroup2Root(): Promise<string> {
  const lines = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" "));
  const root = lines.find((fields) => fields[2] === "cgroup2")?.[1];
  if (!root)
    throw new LabError(
      "this machine mounts no cgroup 2 hierarchy",
      "mkdir -p /sys/fs/cgroup/unified && mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified",
    );
  return root;
}

async function firstChild(outer: ProcessId, end: number): Promise<number> {
  while (performance.now() < end) {
    const children = await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8").catch(() => "");
    const first = children.trim().split(" ")[0];
    if (first) return Number(first);
    if (!(await isAlive(outer))) throw new Error("it exited immediately");
    await sleep(10);
  }
  throw new Error("the time limit was exceeded");
}

async function waitUntilUp(host: ContainerHost, outer: ProcessId, end: number): Promise<void> {
  let state = "";
  while (performance.now() < end) {
    if (!(await isAlive(outer))) throw new Error("its PID 1 ended");
    // Until the init script has become systemd, the root directory is still the machine's.
    const program = await readFile(`/proc/${host.netnsPid}/comm`, "utf8").catch(() => "");
    if (program.trim() === "systemd") {
      const timeout = Math.max(1, Math.ceil(end - performance.now()));
      state = (await host.run(["systemctl", "is-system-running", "--wait"], { timeout })).stdout.trim();
      if (state === "running" || state === "degraded") return;
    }
    await sleep(50);
  }
  throw new Error(`the time limit was exceeded (systemd says: ${state || "nothing"})`);
}

async function endContainer(outer: ProcessId, cgroup: string): Promise<void> {
  // The kernel kills the rest of a pid namespace with its PID 1, and --kill-child kills that with `outer`.
  await endProcess(outer);
  for (let tries = 0; tries < 250; tries++) {
    if (await removeCgroup(cgroup)) return;
    await sleep(20);
  }
  throw new Error(`${cgroup} still has processes`);
}

/** Removes empty cgroups of containers whose starter was killed; a young cgroup may belong to a container that is starting. */
async function sweepCgroups(root: string): Promise<void> {
  for (const entry of await readdir(root)) {
    const path = join(root, entry);
    if (!/^fairhost-.*-[0-9a-f]{8}$/.test(entry)) continue;
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    const events = await readFile(join(path, "cgroup.events"), "utf8").catch(() => "");
    if (age > 60_000 && /^populated 0$/m.test(events)) await removeCgroup(path);
  }
}

async function removeCgroup(path: string): Promise<boolean> {
  try {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory() && !(await removeCgroup(join(path, entry.name)))) return false;
    }
    await rmdir(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
