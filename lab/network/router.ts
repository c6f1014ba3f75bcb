import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { architectureHere } from "../../lib/architectures.ts";
import { endProcess, identify, type ProcessId } from "../../toolchain/system/processes.ts";
import { runningService, startService, waitFor } from "../machine/services.ts";
import { labDirectory, runtimeDirectory } from "../paths.ts";
import { type LabHost, namespace, renderLinks, renderRouterBird } from "./network.ts";

const namespaceFile = `/run/netns/${namespace}`;

/** Put before a command, makes it run inside the lab's network. */
export const inNamespace: readonly [string, ...string[]] = ["nsenter", `--net=${namespaceFile}`, "--"];

/** Whether the lab's network exists. */
export function networkIsUp(): boolean {
  return existsSync(namespaceFile);
}

/**
 * Command line that runs a program of the image on the machine, with the image's own loader: installing Debian's bird2 would also
 * start a BIRD in the machine's own network.
 */
function ofImage(tree: string, program: string): [string, ...string[]] {
  const { loader, libraries } = architectureHere();
  return [`${tree}${loader}`, "--library-path", `${tree}/usr/lib/${libraries}`, `${tree}${program}`];
}

/** Makes the namespace with its switches, links and taps if it does not exist; starts the routers' BIRD if it does not run. */
export async function ensureNetwork(labHosts: readonly LabHost[], tree: string): Promise<void> {
  if (!networkIsUp()) {
    await execa("ip", ["netns", "add", namespace]);
    try {
      // Before any interface has an address: the routers forward, and no host's advertisement changes them.
      const settings = [
        "net.ipv6.conf.all.forwarding=1",
        "net.ipv6.conf.default.accept_ra=0",
        "net.ipv6.conf.default.accept_dad=0",
      ];
      await execa(inNamespace[0], [...inNamespace.slice(1), "sysctl", "-q", "-w", ...settings]);
      await execa("ip", ["-n", namespace, "-batch", "-"], { input: renderLinks(labHosts) });
    } catch (error) {
      await removeNetwork();
      throw error;
    }
  }
  if (await runningService("router")) return;
  const folder = join(labDirectory, "router");
  await mkdir(folder, { recursive: true });
  const configuration = join(folder, "bird.conf");
  await writeFile(configuration, renderRouterBird());
  const control = join(runtimeDirectory, "router.ctl");
  await rm(control, { force: true });
  const service = await startService("router", [
    ...inNamespace,
    ...ofImage(tree, "/usr/sbin/bird"),
    "-f",
    "-c",
    configuration,
    "-s",
    control,
  ]);
  const [loader, ...birdc] = ofImage(tree, "/usr/sbin/birdc");
  const look = async () =>
    (await execa(loader, [...birdc, "-s", control, "show", "status"], { reject: false })).exitCode === 0;
  await waitFor(service, "answer", 10_000, look);
}

/** The processes in the lab's network, also those that a user started there. */
export async function networkProcesses(): Promise<ProcessId[]> {
  if (!networkIsUp()) return [];
  const { stdout } = await execa("ip", ["netns", "pids", namespace]);
  const found = await Promise.all(
    stdout
      .split("\n")
      .filter(Boolean)
      .map((pid) => identify(Number(pid))),
  );
  return found.filter((process) => process !== undefined);
}

/** Removes the namespace with all links, and ends what still runs in it: it would keep the links in a namespace without a name. */
export async function removeNetwork(): Promise<void> {
  if (!networkIsUp()) return;
  for (const process of await networkProcesses()) await endProcess(process);
  await execa("ip", ["netns", "delete", namespace]);
}
