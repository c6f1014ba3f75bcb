import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { freemem } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { architectureHere } from "../lib/architectures.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import { claimMachine, refuseOtherLab } from "./claim.ts";
import { LabError, requireRoot } from "./errors.ts";
import {
  bootHost,
  cloneHost,
  ensureForward,
  ensureKeys,
  killHost,
  probePort,
  readRecord,
  setLink,
  waitForSsh,
} from "./hosts.ts";
import { ensureTemplate } from "./image/template.ts";
import type { Progress } from "./image/tree.ts";
import { holderWords, lock } from "./lock.ts";
import { endService, recordedServices, refuseNewServices, runningService } from "./machine/services.ts";
import { hosts, type LabHost } from "./network/network.ts";
import { hostNamed, requireUp } from "./network/reach.ts";
import { ensureNetwork, networkIsUp, removeNetwork } from "./network/router.ts";
import { cacheDirectory, checkout, hostPaths, labDirectory, labDirectoryOf, runtimeDirectory } from "./paths.ts";

export {
  curl,
  exec,
  hostNamed,
  requireUp,
  sshArguments,
  sshRun,
} from "./network/reach.ts";
export { type LabStatus, status } from "./status.ts";

/** Debian packages of the machine the lab runs on. */
const packages = (): readonly string[] => [
  architectureHere().qemu.package,
  "qemu-utils",
  "iproute2",
  "util-linux",
  "procps",
  "socat",
  "openssh-client",
  "curl",
];

/** Memory in MiB that a host may need on this machine: its own, QEMU's, and the pages of its disks. */
const memoryPerHostMiB = 1200;

/** Milliseconds a real boot may take: a minute under emulation on an idle machine, several on a busy one. */
const bootTimeoutMs = 600_000;

/** Only one command at a time may change the lab. */
function labLock(progress: Progress = () => {}): Promise<AsyncDisposable> {
  return lock(`${runtimeDirectory}.flock`, (holder) =>
    progress(`waiting for ${holderWords(holder)}, which is changing the lab`),
  );
}

/**
 * Brings the lab up: image and template (once), network, routers, hosts. Running parts stay as they are; a host that is off
 * boots from its own disks. Interrupted (SIGINT, SIGTERM), a lab that was down before is taken down again.
 * @throws LabError if the machine does not meet the requirements, with the fix.
 */
export async function up(progress: Progress = () => {}): Promise<void> {
  requireRoot();
  await mkdir(labDirectory, { recursive: true, mode: 0o700 });
  await using labIsOurs = await labLock(progress);
  await refuseOtherLab(checkout);
  if (await isUp()) {
    progress("the lab is up");
    return;
  }
  const fresh = recordedServices().length === 0;
  const work = Promise.withResolvers<void>();
  let ending: Promise<never> | undefined;
  const interrupted = (signal: NodeJS.Signals): void => {
    progress(`${signal}: ${fresh ? "taking the lab down" : "stopping; what was up stays up"}`);
    refuseNewServices();
    ending ??= (async () => {
      if (fresh) await takeDown();
      // Steps in progress fail now, because their processes are gone; wait for that, so that nothing more is created.
      await Promise.race([work.promise, sleep(10_000)]);
      if (fresh) await takeDown();
      await labIsOurs[Symbol.asyncDispose]();
      process.exit(signal === "SIGINT" ? 130 : 143);
    })();
  };
  process.on("SIGINT", interrupted).on("SIGTERM", interrupted);
  try {
    await ensureDebianPackages(packages());
    await checkMachine();
    await claimMachine(checkout);
    const template = await ensureTemplate(progress);
    await ensureKeys(hosts);
    await ensureNetwork(hosts, template.image.tree);
    progress("network: switch-a, switch-b, router-1, router-2");
    await settle(hosts.map((labHost) => ensureHost(labHost, template, progress)));
  } finally {
    work.resolve();
    // Interrupted: the process ends there, before it reports the errors that this caused.
    await ending;
    process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
  }
}

async function ensureHost(
  labHost: LabHost,
  template: Awaited<ReturnType<typeof ensureTemplate>>,
  progress: Progress,
): Promise<void> {
  const start = performance.now();
  const running = await runningService(labHost.name);
  const record = await readRecord(labHost.name);
  let how = "was running";
  if (!running && record && existsSync(record.kernel)) {
    progress(`${labHost.name}: booting from its own disks`);
    await bootHost(labHost);
    how = "booted";
  } else if (!running || !record) {
    await killHost(labHost);
    await cloneHost(labHost, template);
    how = "cloned";
  }
  await ensureForward(labHost);
  await waitForSsh(labHost, bootTimeoutMs);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  progress(`${labHost.name}: ${how}, SSH at 127.0.0.1:${labHost.sshPort} after ${seconds} s`);
}

/** Waits for all, then throws all their errors together. */
async function settle(tasks: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(tasks))
    .filter((one) => one.status === "rejected")
    .map((one) => one.reason as Error);
  if (failed.length > 0) {
    throw new LabError(
      failed.map((error) => error.message).join("\n"),
      "see `npm run lab -- logs HOST`; `npm run lab -- down`, then up again",
    );
  }
}

async function isUp(): Promise<boolean> {
  if (!networkIsUp() || !(await runningService("router"))) return false;
  for (const labHost of hosts) {
    if (!(await runningService(labHost.name)) || !(await readRecord(labHost.name))) return false;
    if ((await probePort(labHost.sshPort, 10_000)) !== "ssh") return false;
  }
  return true;
}

/** Reports everything that is missing together: memory for hosts to start, ports for SSH. */
async function checkMachine(): Promise<void> {
  const problems: string[] = [];
  const fixes: string[] = [];
  let starting = 0;
  for (const labHost of hosts) {
    if (!(await runningService(labHost.name))) starting++;
    if (await runningService(`${labHost.name}-ssh`)) continue;
    if (!(await portIsFree(labHost.sshPort))) {
      problems.push(`port ${labHost.sshPort} of 127.0.0.1 is taken, ${labHost.name} needs it`);
      fixes.push(`stop the process that listens there (ss -ltnp 'sport = ${labHost.sshPort}')`);
    }
  }
  const need = starting * memoryPerHostMiB;
  const have = Math.round(availableMemory() / 2 ** 20);
  if (have < need) {
    problems.push(`${starting} hosts need ${need} MiB of memory, ${have} MiB are free`);
    fixes.push(`free ${need - have} MiB or use a larger machine`);
  }
  if (problems.length > 0) throw new LabError(problems.join("; "), fixes.join("; "));
}

function availableMemory(): number {
  // Node uses MemAvailable on Linux. With the variable, a test or a cautious user can pretend to have less.
  const limit = Number(process.env.FAIRHOST_LAB_MEMORY_MIB);
  return limit > 0 ? Math.min(freemem(), limit * 2 ** 20) : freemem();
}

async function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
}

/**
 * Takes the lab down: ends every process it started, by id, removes its network, the hosts' disks and their keys. The controller's key and images stay.
 * @param of the checkout whose lab it is; it need not exist any more
 * @throws LabError if the lab of yet another checkout is up
 */
export async function down(progress: Progress = () => {}, of: string = checkout): Promise<void> {
  requireRoot();
  await using _lock = await labLock(progress);
  await refuseOtherLab(of);
  await takeDown(of);
}

async function takeDown(of: string = checkout): Promise<void> {
  await Promise.all(recordedServices(of).map((service) => endService(service)));
  await removeNetwork();
  // Keys are removed with the disks: the next hosts are new, and a stack with the old keys deploys to them again.
  for (const name of ["hosts", "host-keys"]) await rm(join(labDirectoryOf(of), name), { recursive: true, force: true });
  await rm(runtimeDirectory, { recursive: true, force: true });
}

/** Deletes keys, logs and all cached images: the next `up` rebuilds everything. @throws LabError while the lab is up. */
export async function clean(): Promise<void> {
  requireRoot();
  // Any lab of this machine, of whatever checkout: their hosts run on the cached images.
  const up = (await readdir("/run")).filter((entry) => /^fairhost-lab(-[a-z0-9]+)?$/.test(entry));
  if (up.length > 0 || recordedServices().length > 0) {
    throw new LabError(`a lab is up: ${up.join(", ")}`, "take it down first: npm run lab -- down");
  }
  await rm(labDirectory, { recursive: true, force: true });
  await rm(cacheDirectory, { recursive: true, force: true });
}

/** Cuts a host's power: its QEMU is killed, its disks stay. */
export async function powerCut(host: string): Promise<void> {
  const labHost = hostNamed(host);
  requireRoot();
  await using _lock = await labLock();
  await killHost(labHost);
}

/** Switches a host on and waits for SSH: a real boot from its own disks, about a minute under emulation. */
export async function powerOn(host: string): Promise<void> {
  const labHost = hostNamed(host);
  requireRoot();
  requireUp();
  await using _lock = await labLock();
  if (!(await readRecord(host))) throw new LabError(`${host} has no disks yet`, "npm run lab -- up");
  if (!(await runningService(host))) await bootHost(labHost);
  await ensureForward(labHost);
  await waitForSsh(labHost, bootTimeoutMs);
}

/** Cuts a host's link 0 (to switch-a) or 1 (to switch-b): host and switch lose the carrier. It stays cut over a power cut. */
export async function cutLink(host: string, index: 0 | 1): Promise<void> {
  requireUp();
  await setLink(hostNamed(host), index, false);
}

/** Restores a cut link. */
export async function restoreLink(host: string, index: 0 | 1): Promise<void> {
  requireUp();
  await setLink(hostNamed(host), index, true);
}

/** File with a host's console; it exists as long as the host's disks. */
export function consolePath(host: string): string {
  return hostPaths(hostNamed(host).name).console;
}
