import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { endProcess, identify, isAlive } from "../toolchain/system/processes.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import type { RunOptions, RunResult } from "./container.ts";
import { LabError } from "./errors.ts";
import { ensureTree, type Progress } from "./image/tree.ts";

export interface OwnKernelOptions {
  /** Features of the accounts' file system beside ext4's defaults. Default `project,quota`, as on a host. */
  readonly features?: string;
  /** Mount options of the accounts' file system. Default `prjquota`. */
  readonly mountOptions?: string;
  /** Size of the accounts' file system in MiB. Default 256. */
  readonly diskMiB?: number;
  readonly progress?: Progress;
}

/**
 * A Debian 13 host under a kernel of its own that is a process of this machine (user-mode Linux, Debian's `user-mode-linux`): for what
 * the machine's kernel may lack, such as project quotas. systemd is PID 1, `/srv/accounts` a real ext4, every cgroup controller
 * works. No network and no IPv6; starting a process is about ten times slower than on the machine.
 */
export interface OwnKernelHost extends AsyncDisposable {
  /** Runs a shell command as root inside, one after the other. A non-zero exit status is a result, not an error. */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  /** Writes a file inside, as root. Default mode 0o644. */
  writeFile(path: string, content: string | Uint8Array, mode?: number): Promise<void>;
  stop(): Promise<void>;
}

const modules = "/usr/lib/uml/modules";

/**
 * Boots one (about 5 s). It ends with `stop()`, at the end of its `await using` block, or with the calling process. Nothing it
 * writes is kept, and it sees no file of the machine but its own (`hostfs=`).
 * @throws LabError without root, or when it does not come up within a minute.
 */
export async function bootOwnKernel(options: OwnKernelOptions = {}): Promise<OwnKernelHost> {
  const image = await ensureTree(options.progress);
  await ensureDebianPackages(["e2fsprogs", "user-mode-linux", "util-linux"]);
  const folder = await mkdtemp(join(tmpdir(), "fairhost-kernel-"));
  const shared = join(folder, "shared");
  await mkdir(join(shared, "in"), { recursive: true });
  await mkdir(join(folder, "root"));
  const disk = join(folder, "accounts.ext4");
  const { features = "project,quota", mountOptions = "prjquota", diskMiB = 256 } = options;
  await execa("mke2fs", [
    "-q",
    "-F",
    "-t",
    "ext4",
    "-b",
    "4096",
    ...(features ? ["-O", features] : []),
    disk,
    `${diskMiB}M`,
  ]);
  await cp(join(import.meta.dirname, "image", "kernel-init.sh"), join(shared, "init.sh"));
  await copyModules(join(shared, "modules"));
  const child = execa(
    "setpriv",
    ["--pdeathsig=KILL", "unshare", "-m", "-p", "--fork", "--kill-child", "sh", "-c", start],
    {
      env: { TREE: image.tree, FOLDER: folder, DISK: disk, OPTIONS: mountOptions },
      stdin: "ignore",
      all: true,
      reject: false,
      maxBuffer: 1_000_000,
    },
  );
  const outer = child.pid === undefined ? undefined : await identify(child.pid);
  const stop = async () => {
    if (outer) await endProcess(outer);
    await child;
    await rm(folder, { recursive: true, force: true });
  };
  for (const end = performance.now() + 60_000; !existsSync(join(shared, "up")); await sleep(50)) {
    if (outer && (await isAlive(outer)) && performance.now() < end) continue;
    await stop();
    throw new LabError(
      `a kernel in user mode did not come up: ${String((await child).all).slice(-2000)}`,
      "check that Debian's user-mode-linux is installed, and that this machine allows ptrace(2)",
    );
  }
  return ownKernelHost(join(shared, "in"), stop);
}

/** Inside namespaces of its own: an overlay over the tree, so that all that is written lies in memory, then the kernel. */
const start = `set -eu
mount -t tmpfs tmpfs "$FOLDER/root"
cd "$FOLDER/root"
mkdir upper work root
mount -t overlay -o "lowerdir=$TREE,upperdir=upper,workdir=work" overlay root
mkdir root/fairhost
mount --bind "$FOLDER/shared" root/fairhost
exec linux.uml mem=512M ubda="$DISK" root=/dev/root rootfstype=hostfs rootflags=/ hostfs="$FOLDER/root/root" rw \\
  init=/bin/sh con0=fd:0,fd:1 con=null quiet panic=1 systemd.unit=fairhost-agent.service \\
  fairhost.mount="$OPTIONS" -- /fairhost/init.sh
`;

async function copyModules(to: string): Promise<void> {
  await mkdir(to);
  for (const name of ["quota_tree", "quota_v2"]) {
    const { stdout } = await execa("find", [modules, "-name", `${name}.ko`]);
    await cp(stdout.trim(), join(to, `${name}.ko`));
  }
}

function ownKernelHost(folder: string, stop: () => Promise<void>): OwnKernelHost {
  let next = 0;
  const run = async (command: string, { stdin = "", timeout = 60_000 }: RunOptions = {}): Promise<RunResult> => {
    const at = join(folder, `${++next}`);
    await writeFile(`${at}.stdin`, stdin);
    await writeFile(`${at}.new`, command);
    await rename(`${at}.new`, `${at}.sh`);
    const read = (name: string) => readFile(`${at}.${name}`, "utf8");
    let status = "";
    // It is there a moment before what is in it.
    for (const end = performance.now() + timeout; !status.endsWith("\n"); await sleep(20)) {
      if (performance.now() > end) return { stdout: "", stderr: "", exitCode: 124 };
      status = await read("done").catch(() => "");
    }
    return { stdout: await read("stdout"), stderr: await read("stderr"), exitCode: Number(status) };
  };
  return {
    run,
    async writeFile(path, content, mode = 0o644) {
      const command = `mkdir -p "$(dirname '${path}')" && cat > '${path}' && chmod ${mode.toString(8)} '${path}'`;
      const result = await run(command, { stdin: content });
      if (result.exitCode !== 0) throw new Error(`${path} could not be written: ${result.stderr}`);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
