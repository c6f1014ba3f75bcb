import { setTimeout as sleep } from "node:timers/promises";
import { architectureHere } from "../../lib/architectures.ts";
import { JsonSocket } from "./json-socket.ts";

/** Memory of a host in MiB. Template and clones must agree. */
export const memoryMiB = 768;

export type Accelerator = "kvm" | "tcg";

/** Options for starting QEMU. */
export interface MachineOptions {
  readonly accelerator: Accelerator;
  readonly kernel: string;
  readonly initrd: string;
  /** Added to the kernel's command line. */
  readonly append?: string;
  readonly disks: readonly { readonly path: string; readonly format: "raw" | "qcow2"; readonly serial: string }[];
  readonly links: readonly { readonly tap: string; readonly mac: string }[];
  readonly monitor: string;
  readonly agent: string;
  readonly console: string;
  /** Memory in a file: `write` for the template, `copy` for its clones; without it the memory is the process's own. */
  readonly memory?: { readonly path: string; readonly use: "write" | "copy" };
  /** Wait for a template's state instead of booting. */
  readonly incoming?: boolean;
}

/** The command line of a host. Template, clones and booted hosts have the same devices in the same order, as a taken-over state requires. */
export function qemuCommand(options: MachineOptions): [string, ...string[]] {
  const accelerator =
    options.accelerator === "kvm" ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,tb-size=192", "-cpu", "max"];
  const memory = options.memory
    ? `memory-backend-file,id=memory,size=${memoryMiB}M,mem-path=${options.memory.path},share=${options.memory.use === "write" ? "on" : "off"}`
    : `memory-backend-ram,id=memory,size=${memoryMiB}M`;
  const { program, machine, console } = architectureHere().qemu;
  return [
    program,
    "-nodefaults",
    "-no-user-config",
    ...["-display", "none"],
    ...["-machine", `${machine},memory-backend=memory`, ...accelerator],
    ...["-smp", "1", "-m", `${memoryMiB}M`, "-object", memory],
    ...["-rtc", "base=utc"],
    ...["-kernel", options.kernel, "-initrd", options.initrd],
    ...["-append", `root=/dev/md0 ro console=${console} net.ifnames=0 quiet panic=10 ${options.append ?? ""}`.trim()],
    ...options.disks.flatMap(({ path, format, serial }, index) => [
      // "unsafe" ignores flushes to the machine's disk only: what a host has flushed survives the end of its QEMU.
      ...["-drive", `if=none,id=disk${index},file=${path},format=${format},cache=unsafe,discard=unmap`],
      ...["-device", `virtio-blk-pci,drive=disk${index},serial=${serial}`],
    ]),
    ...options.links.flatMap(({ tap, mac }, index) => [
      ...["-netdev", `tap,id=net${index},ifname=${tap},script=no,downscript=no`],
      ...["-device", `virtio-net-pci,netdev=net${index},id=link${index},mac=${mac},romfile=`],
    ]),
    ...["-device", "virtio-serial-pci", "-chardev", `socket,id=agent,path=${options.agent},server=on,wait=off`],
    ...["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ...["-chardev", `file,id=console,path=${options.console},append=on`, "-serial", "chardev:console"],
    ...["-device", "virtio-rng-pci"],
    // Tells a clone's kernel that it is one: it seeds its random numbers anew, so no two clones ever share any.
    ...["-device", "vmgenid,guid=auto"],
    ...["-qmp", `unix:${options.monitor},server=on,wait=off`],
    ...(options.incoming ? ["-S", "-incoming", "defer"] : []),
  ];
}

/** Connects to QEMU's monitor, ready for commands. */
export async function openMonitor(path: string): Promise<JsonSocket> {
  const monitor = await JsonSocket.open(path);
  await monitor.call("qmp_capabilities");
  return monitor;
}

/** Saves or restores only the state outside the shared memory file: a few hundred kilobytes. */
async function ignoreSharedMemory(monitor: JsonSocket): Promise<void> {
  await monitor.call("migrate-set-capabilities", { capabilities: [{ capability: "x-ignore-shared", state: true }] });
}

async function waitForMigration(monitor: JsonSocket): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const { status } = (await monitor.call("query-migrate")) as { status?: string };
    if (status === "completed") return;
    if (status === "failed" || status === "cancelled")
      throw new Error(`the transfer of the state ended with "${status}"`);
    await sleep(10);
  }
  throw new Error("the transfer of the state did not end within 30 s");
}

/** Stops the machine and writes its state; its memory is in its file already. */
export async function freeze(monitor: JsonSocket, statePath: string): Promise<void> {
  await monitor.call("stop");
  await ignoreSharedMemory(monitor);
  await monitor.call("migrate", { uri: `exec:cat > ${shellWord(statePath)}` });
  await waitForMigration(monitor);
}

/** Restores a template's state and continues from there. */
export async function thaw(monitor: JsonSocket, statePath: string): Promise<void> {
  await ignoreSharedMemory(monitor);
  await monitor.call("migrate-incoming", { uri: `exec:cat ${shellWord(statePath)}` });
  await waitForMigration(monitor);
  await monitor.call("cont");
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
