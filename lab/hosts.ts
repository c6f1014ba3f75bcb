import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { execa } from "execa";
import { UserError } from "../lib/user-error.ts";
import { LabError } from "./errors.ts";
import type { Template } from "./image/template.ts";
import { guestRun } from "./machine/guest.ts";
import type { JsonSocket } from "./machine/json-socket.ts";
import { type Accelerator, openMonitor, qemuCommand, thaw } from "./machine/machine.ts";
import { endService, recordedServices, runningService, startService, waitFor } from "./machine/services.ts";
import { type LabHost, namespace } from "./network/network.ts";
import { inNamespace } from "./network/router.ts";
import { controllerKey, hostPaths, knownHosts } from "./paths.ts";

/** The lab's record of a host while its disks exist. */
export interface HostRecord {
  /** New with every clone, so it also says whether a host is still the one that was configured. */
  readonly machineId: string;
  /** When it was cloned, ISO 8601. */
  readonly born: string;
  readonly accelerator: Accelerator;
  readonly kernel: string;
  readonly initrd: string;
  /** Whether each link is cut; it stays cut over a power cut. */
  readonly cut: readonly [boolean, boolean];
}

export async function readRecord(name: string): Promise<HostRecord | undefined> {
  try {
    return JSON.parse(await readFile(hostPaths(name).record, "utf8")) as HostRecord;
  } catch {
    return undefined;
  }
}

async function writeRecord(name: string, record: HostRecord): Promise<void> {
  const path = hostPaths(name).record;
  await writeFile(`${path}.new`, JSON.stringify(record));
  await rename(`${path}.new`, path);
}

/** Makes the controller's key once per checkout and every host's key once for its disks, and writes known_hosts. */
export async function ensureKeys(labHosts: readonly LabHost[]): Promise<void> {
  const ensureKey = async (path: string, comment: string): Promise<void> => {
    if (existsSync(path) && existsSync(`${path}.pub`)) return;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path]);
  };
  await ensureKey(controllerKey, "fairhost-lab-controller");
  const lines: string[] = [];
  for (const labHost of labHosts) {
    const { hostKey } = hostPaths(labHost.name);
    await ensureKey(hostKey, labHost.name);
    const [type, key] = (await readFile(`${hostKey}.pub`, "utf8")).split(" ");
    lines.push(`[127.0.0.1]:${labHost.sshPort} ${type} ${key}\n`);
  }
  await writeFile(knownHosts, lines.join(""), { mode: 0o600 });
}

/** Script that gives a clone its identity, written to its disks so that it also boots as this host. */
function identityScript(
  labHost: LabHost,
  record: HostRecord,
  hostKey: string,
  hostKeyPublic: string,
  authorized: string,
): string {
  const write = (path: string, content: string): string =>
    `cat > ${path} <<'END-OF-FILE'\n${content.trimEnd()}\nEND-OF-FILE\n`;
  return `set -eu
date -s @${(Date.now() / 1000).toFixed(3)} >/dev/null
umask 077
${write("/root/.ssh/authorized_keys", authorized)}
${write("/etc/ssh/ssh_host_ed25519_key", hostKey)}
umask 022
${write("/etc/ssh/ssh_host_ed25519_key.pub", hostKeyPublic)}
${write("/etc/hostname", labHost.name)}
${write("/etc/machine-id", record.machineId)}
${write("/etc/hosts", `127.0.0.1 localhost\n::1 localhost\n${labHost.address} ${labHost.name}`)}
${write(
  "/etc/systemd/network/15-bond0.network",
  `[Match]
Name=bond0

[Link]
MACAddress=${labHost.macs.bond}

[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
ConfigureWithoutCarrier=yes

[Address]
Address=${labHost.address}/64
DuplicateAddressDetection=none`,
)}
hostname ${labHost.name}
networkctl reload
systemctl start --no-block ssh
# The disks' serial numbers are new, too.
udevadm trigger --action=change /dev/vda /dev/vdb
# The journal files itself under the machine-id: the new one from here on.
systemctl restart --no-block systemd-journald
`;
}

/** Makes a host from the template; it runs in about three seconds on an idle machine. */
export async function cloneHost(labHost: LabHost, template: Template): Promise<void> {
  const paths = hostPaths(labHost.name);
  await rm(paths.folder, { recursive: true, force: true });
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  for (const [index, base] of template.disks.entries()) {
    await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", paths.disks[index] as string]);
  }
  const record: HostRecord = {
    machineId: randomUUID().replaceAll("-", ""),
    born: new Date().toISOString(),
    accelerator: template.accelerator,
    kernel: template.image.kernel,
    initrd: template.image.initrd,
    cut: [false, false],
  };
  await startMachine(labHost, record, template);
  const [hostKey, hostKeyPublic, authorized] = await Promise.all(
    [paths.hostKey, `${paths.hostKey}.pub`, `${controllerKey}.pub`].map((path) => readFile(path, "utf8")),
  );
  const script = identityScript(labHost, record, hostKey ?? "", hostKeyPublic ?? "", authorized ?? "");
  const result = await guestRun(paths.agent, script, 120_000);
  if (result.exitCode !== 0)
    throw new UserError(`cannot set the identity of ${labHost.name}: ${result.stderr || result.stdout}`);
  // Written last: without a record, the next `up` clones the host again.
  await writeRecord(labHost.name, record);
}

/** Switches a host on: a real boot from its own disks. */
export async function bootHost(labHost: LabHost): Promise<void> {
  const record = await readRecord(labHost.name);
  if (!record) throw withoutDisks(labHost);
  await startMachine(labHost, record);
}

function withoutDisks({ name }: LabHost): LabError {
  return new LabError(`${name} has no disks`, "bring the lab up first: npm run lab -- up");
}

async function startMachine(labHost: LabHost, record: HostRecord, template?: Template): Promise<void> {
  const paths = hostPaths(labHost.name);
  for (const socket of [paths.monitor, paths.agent]) await rm(socket, { force: true });
  const qemu = qemuCommand({
    accelerator: record.accelerator,
    kernel: record.kernel,
    initrd: record.initrd,
    disks: paths.disks.map((path, index) => ({ path, format: "qcow2", serial: labHost.serials[index] ?? "" })),
    links: labHost.taps.map((tap, index) => ({ tap, mac: labHost.macs.links[index] ?? "" })),
    monitor: paths.monitor,
    agent: paths.agent,
    console: paths.console,
    ...(template && { memory: { path: template.memory, use: "copy" as const }, incoming: true }),
  });
  const service = await startService(labHost.name, [...inNamespace, ...qemu]);
  try {
    await waitFor(service, "monitor", 30_000, async () => existsSync(paths.monitor) && existsSync(paths.agent));
    await using monitor = await openMonitor(paths.monitor);
    if (template) await thaw(monitor, template.state);
    for (const [index, cut] of record.cut.entries()) if (cut) await setCarrier(monitor, labHost, index, false);
  } catch (error) {
    await endService(service);
    throw error;
  }
}

/** Power cut: kills QEMU. Data that the host has not flushed is lost; its disks stay. */
export async function killHost(labHost: LabHost): Promise<void> {
  for (const service of recordedServices()) if (service.name === labHost.name) await endService(service);
}

/** Cuts or restores a link: without it, the host's interface and the switch's port lose their carrier. */
export async function setLink(labHost: LabHost, index: 0 | 1, intact: boolean): Promise<void> {
  const record = await readRecord(labHost.name);
  if (!record) throw withoutDisks(labHost);
  const cut = record.cut.map((old, one) => (one === index ? !intact : old)) as [boolean, boolean];
  await writeRecord(labHost.name, { ...record, cut });
  if (!(await runningService(labHost.name))) return;
  await using monitor = await openMonitor(hostPaths(labHost.name).monitor);
  await setCarrier(monitor, labHost, index, intact);
}

/** Sets the carrier. QEMU's monitor serves one connection at a time, so it is passed in. */
async function setCarrier(monitor: JsonSocket, labHost: LabHost, index: number, intact: boolean): Promise<void> {
  await monitor.call("set_link", { name: `link${index}`, up: intact });
  await execa("ip", ["-n", namespace, "link", "set", labHost.taps[index] as string, intact ? "up" : "down"]);
}

/** Forwards a port of 127.0.0.1 outside to the host's port 22 inside, for the controller. */
export async function ensureForward(labHost: LabHost): Promise<void> {
  const name = `${labHost.name}-ssh`;
  if (await runningService(name)) return;
  // Quoted, because colons and commas have a meaning for socat.
  const inside = `${inNamespace.join(" ")} socat STDIO TCP6:[${labHost.address}]:22,connect-timeout=10`;
  const listen = `TCP4-LISTEN:${labHost.sshPort},bind=127.0.0.1,reuseaddr,fork`;
  const service = await startService(name, ["socat", listen, `EXEC:'${inside}'`]);
  await waitFor(service, "listening port", 5_000, async () => (await probePort(labHost.sshPort, 1_000)) !== "refused");
}

/** Whether an SSH server greets behind the controller's port: `ssh`, `silent` (no server behind it yet) or `refused`. */
export async function probePort(port: number, timeoutMs: number): Promise<"ssh" | "silent" | "refused"> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    let connected = false;
    const end = (verdict: "ssh" | "silent" | "refused"): void => {
      socket.destroy();
      resolve(verdict);
    };
    socket.setTimeout(timeoutMs, () => end(connected ? "silent" : "refused"));
    socket.on("connect", () => {
      connected = true;
    });
    socket.on("data", (data) => end(data.toString("latin1").startsWith("SSH-") ? "ssh" : "silent"));
    socket.on("error", () => end(connected ? "silent" : "refused"));
    socket.on("close", () => end("silent"));
  });
}

/** Waits until the host greets on SSH. @throws Error with the console's end when it does not, or its QEMU ends. */
export async function waitForSsh(labHost: LabHost, timeoutMs: number): Promise<void> {
  const service = await runningService(labHost.name);
  if (!service) throw new LabError(`${labHost.name} is off`, `npm run lab -- power-on ${labHost.name}`);
  try {
    await waitFor(service, "SSH", timeoutMs, async () => (await probePort(labHost.sshPort, 3_000)) === "ssh", 250);
  } catch (error) {
    const console = await readFile(hostPaths(labHost.name).console, "utf8").catch(() => "");
    throw new UserError(
      `${error instanceof Error ? error.message : String(error)}\n${console.split("\n").slice(-8).join("\n")}`,
    );
  }
}
