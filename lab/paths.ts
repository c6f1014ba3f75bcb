import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The checkout this lab belongs to. */
export const checkout: string = resolve(import.meta.dirname, "..");

/**
 * Which lab: `FAIRHOST_LAB` names a second one beside the usual one, for tests; it needs ports of its own too
 * (`FAIRHOST_LAB_PORTS`, the number before web1's, default 2200).
 */
const instance: string = process.env.FAIRHOST_LAB ?? "";
if (!/^[a-z0-9]{0,8}$/.test(instance))
  throw new Error(`FAIRHOST_LAB="${instance}": use at most 8 lower-case letters or digits`);

/** The lab's name on this machine: its network namespace, its folder in /run, its lock. */
export const labName: string = instance ? `fairhost-lab-${instance}` : "fairhost-lab";

/** Ports of 127.0.0.1 come after this one. */
export const portBase: number = Number(process.env.FAIRHOST_LAB_PORTS ?? 2200);

/** Files of a checkout's lab: overlays, keys, consoles, logs. Ignored by git. */
export function labDirectoryOf(checkout: string): string {
  return join(checkout, ".lab", instance && `other-${instance}`);
}

export const labDirectory: string = labDirectoryOf(checkout);

/** A command that is about the same lab in any shell. */
export function inThisLab(command: string, argument: string): string {
  const word = `'${argument.replaceAll("'", "'\\''")}'`;
  return `${instance && `FAIRHOST_LAB=${instance} `}${command} ${/^[\w./-]+$/.test(argument) ? argument : word}`;
}

/** Images, shared by all checkouts of a user, in one folder per recipe. Safe to delete: it is rebuilt. */
export const cacheDirectory: string = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "fairhost", "lab");

/** Sockets and process records of the lab that is up, whatever checkout it is of. Here and not in the checkout, as a socket's path has 107 bytes at most. */
export const runtimeDirectory: string = join("/run", labName);

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
    /** Its record: see hosts.ts. */
    record: join(folder, "host.json"),
    monitor: join(runtimeDirectory, `${name}.monitor`),
    agent: join(runtimeDirectory, `${name}.agent`),
  };
}
