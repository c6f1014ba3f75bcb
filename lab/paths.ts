import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout this lab belongs to. */
export const checkout: string = resolve(import.meta.dirname, "..");

/** What belongs to this checkout's lab: process records, overlays, keys, consoles. Ignored by git. */
export const labDirectory: string = join(checkout, ".lab");

/** Images, shared by all checkouts of a user; one folder a recipe. Safe to delete: it is made again. */
export const cacheDirectory: string = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fairhost", "lab");

/** Sockets of the lab that is up; one lab a machine. Here and not in the checkout, as a socket's path has 107 bytes at most. */
export const runtimeDirectory = "/run/fairhost-lab";

/** The controller's key pair, made at the first `up`, authorised for root on every lab host. */
export const controllerKey: string = join(labDirectory, "id_ed25519");

/** Host keys of the lab's hosts as `[127.0.0.1]:2201 ssh-ed25519 ...` lines. */
export const knownHosts: string = join(labDirectory, "known_hosts");

/** Files of one host. */
export function hostPaths(name: string) {
  const folder = join(labDirectory, "hosts", name);
  return {
    folder,
    disks: [join(folder, "disk-a.qcow2"), join(folder, "disk-b.qcow2")] as const,
    console: join(folder, "console.log"),
    hostKey: join(labDirectory, "host-keys", name),
    /** What is known of it: see hosts.ts. */
    record: join(folder, "host.json"),
    monitor: join(runtimeDirectory, `${name}.monitor`),
    agent: join(runtimeDirectory, `${name}.agent`),
  };
}
