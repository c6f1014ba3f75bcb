import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { architectureHere } from "../../lib/architectures.ts";
import { LabError } from "../errors.ts";
import { holderWords, lock } from "../lock.ts";
import { guestRun } from "../machine/guest.ts";
import { type Accelerator, freeze, memoryMiB, openMonitor, qemuCommand } from "../machine/machine.ts";
import { endService, startService, waitFor } from "../machine/services.ts";
import { cacheDirectory, runtimeDirectory } from "../paths.ts";
import { makeDisks } from "./disks.ts";
import { ensureTree, type ImageFolder, type Progress } from "./tree.ts";

/** A host that was booted once and frozen: clones continue from its state, on overlays of its disks. */
export interface Template {
  readonly image: ImageFolder;
  readonly accelerator: Accelerator;
  readonly disks: readonly [string, string];
  readonly memory: string;
  readonly state: string;
}

/** Checks and prepares the template before it is frozen; sshd runs once so that its pages are in memory. */
const prepareScript = `set -eu
umask 077
systemctl is-system-running --wait >/dev/null || true
systemctl is-active -q systemd-networkd srv-accounts.mount nginx
grep -q '\\[UU\\].*' /proc/mdstat
[ "$(grep -c '\\[UU\\]' /proc/mdstat)" = 2 ]
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl reset-failed ssh || true
systemctl restart ssh
systemctl stop ssh
rm -f /etc/ssh/ssh_host_*
journalctl --rotate -q
journalctl --vacuum-time=1s -q || true
sync
`;

/**
 * Makes the template, once per recipe, QEMU and machine: a real boot of up to a minute and a half under emulation.
 * @throws LabError when it does not boot; the console's end is part of the message.
 */
export async function ensureTemplate(progress: Progress): Promise<Template> {
  const image = await ensureTree(progress);
  await using _lock = await lock(join(cacheDirectory, `${image.key}.template.flock`), (holder) =>
    progress(`waiting for ${holderWords(holder)}, which boots the same template`),
  );
  const emulator = architectureHere().qemu;
  const { stdout: qemu } = await execa(emulator.program, ["--version"]);
  // A state can be taken over only by the same QEMU on the same kind of machine.
  const mark = JSON.stringify([qemu, release(), await cpuModel(), memoryMiB, qemuCommand.toString(), emulator]);
  // Never made again in place: overlays of hosts that are switched off may lie on its disks.
  const folder = join(image.folder, `template-${createHash("sha256").update(mark).digest("hex").slice(0, 12)}`);
  const acceleratorFile = join(folder, "accelerator");
  if (!existsSync(acceleratorFile)) {
    await rm(folder, { recursive: true, force: true });
    const making = `${folder}.making`;
    await rm(making, { recursive: true, force: true });
    await mkdir(making, { mode: 0o700 });
    const accelerator = await probeAccelerator(image);
    const disks = await makeDisks(image, making, progress);
    await bootAndFreeze(image, accelerator, disks, making, progress);
    await writeFile(join(making, "accelerator"), accelerator);
    await rename(making, folder);
  }
  return {
    image,
    accelerator: (await readFile(acceleratorFile, "utf8")) as Accelerator,
    disks: [join(folder, "disk-a.raw"), join(folder, "disk-b.raw")],
    memory: join(folder, "memory"),
    state: join(folder, "state"),
  };
}

async function bootAndFreeze(
  image: ImageFolder,
  accelerator: Accelerator,
  disks: readonly string[],
  folder: string,
  progress: Progress,
): Promise<void> {
  const how = accelerator === "kvm" ? "with KVM" : "under emulation: a minute or so";
  progress(`booting the template (${how}, once)`);
  const agent = join(runtimeDirectory, "template.agent");
  const monitorPath = join(runtimeDirectory, "template.monitor");
  const consolePath = join(image.folder, "template-console.log");
  await rm(consolePath, { force: true });
  const qemu = qemuCommand({
    accelerator,
    kernel: image.kernel,
    initrd: image.initrd,
    append: "fairhost.mirror=create",
    disks: disks.map((path, index) => ({ path, format: "raw", serial: `template-${"ab"[index]}` })),
    links: [0, 1].map((index) => ({ tap: `template${index}`, mac: `52:54:00:fa:00:0${index + 1}` })),
    monitor: monitorPath,
    agent,
    console: consolePath,
    memory: { path: join(folder, "memory"), use: "write" },
  });
  // A network namespace of its own for the two taps, which ends with the process.
  const service = await startService("template", ["unshare", "--net", "--", ...qemu, "-no-reboot"]);
  try {
    await waitFor(service, "monitor", 20_000, async () => existsSync(monitorPath) && existsSync(agent));
    const result = await guestRun(agent, prepareScript, 600_000);
    if (result.exitCode !== 0) throw new Error(`it cannot be used as a template: ${result.stderr || result.stdout}`);
    await using monitor = await openMonitor(monitorPath);
    await freeze(monitor, join(folder, "state"));
  } catch (error) {
    const tail = (await readFile(consolePath, "utf8").catch(() => "")).split("\n").slice(-15).join("\n");
    throw new LabError(
      `the template did not boot: ${error instanceof Error ? error.message : String(error)}\n${tail}`,
      `see ${consolePath}; \`npm run lab -- clean\` makes the next \`up\` rebuild everything`,
    );
  } finally {
    await endService(service);
    for (const socket of [agent, monitorPath]) await rm(socket, { force: true });
  }
}

/** Uses KVM only if a kernel really starts under it: the device file alone does not prove that it works. */
async function probeAccelerator(image: ImageFolder): Promise<Accelerator> {
  if (!existsSync("/dev/kvm")) return "tcg";
  const { program, console } = architectureHere().qemu;
  const probe = execa(
    program,
    [
      ...[
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-accel",
        "kvm",
        "-cpu",
        "host",
        "-m",
        "256M",
      ],
      ...[
        "-kernel",
        image.kernel,
        "-initrd",
        image.initrd,
        "-append",
        `console=${console} panic=-1`,
        "-serial",
        "stdio",
        "-net",
        "none",
      ],
    ],
    { reject: false, stdin: "ignore", stderr: "ignore", timeout: 15_000, killSignal: "SIGKILL", buffer: false },
  );
  let seen = "";
  let works = false;
  probe.stdout.on("data", (data: Buffer) => {
    seen = (seen + data.toString("latin1")).slice(-4_000);
    if (seen.includes("Run /init as init process")) {
      works = true;
      probe.kill("SIGKILL");
    }
  });
  await probe;
  return works ? "kvm" : "tcg";
}

async function cpuModel(): Promise<string> {
  return /^model name\s*: (.*)$/m.exec(await readFile("/proc/cpuinfo", "utf8"))?.[1] ?? "unknown";
}
