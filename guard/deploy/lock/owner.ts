import { readFile, readlink } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { z } from "zod";
import { identify, isAlive } from "../../../toolchain/system/processes.ts";

/** Identifies one process uniquely on any machine: machine, boot, process namespace, id and start. */
export const ownerSchema = z.object({
  user: z.string(),
  hostname: z.string(),
  /** /etc/machine-id; empty if there is none. */
  machine: z.string(),
  boot: z.string(),
  /** Two containers may have the same process ids. */
  namespace: z.string(),
  pid: z.number(),
  /** Clock ticks after the boot (/proc/PID/stat). */
  started: z.string(),
});
export type Owner = z.infer<typeof ownerSchema>;

/** `elsewhere`: on another machine or in another container, so this process cannot know. */
export type Life = "alive" | "dead" | "elsewhere";

/** This process itself. */
export async function self(): Promise<Owner> {
  const { pid, started } = (await identify(process.pid))!;
  const read = async (file: string) => (await readFile(file, "utf8").catch(() => "")).trim();
  return {
    user: userInfo().username,
    hostname: hostname(),
    machine: await read("/etc/machine-id"),
    boot: await read("/proc/sys/kernel/random/boot_id"),
    namespace: await readlink("/proc/self/ns/pid"),
    pid,
    started,
  };
}

/**
 * Whether an owner still lives. It is dead only if that is certain.
 * @param runs whether exactly this process runs here
 */
export async function lifeOf(
  owner: Owner,
  me: Owner,
  runs: (owner: Pick<Owner, "pid" | "started">) => Promise<boolean> = isAlive,
): Promise<Life> {
  if (owner.hostname !== me.hostname || owner.machine !== me.machine) return "elsewhere";
  if (owner.boot !== me.boot) return isMachine(owner) && isMachine(me) ? "dead" : "elsewhere";
  if (owner.namespace !== me.namespace) return "elsewhere";
  return (await runs(owner)) ? "alive" : "dead";
}

/**
 * Whether this is told from every other machine: containers of one image may have the same machine-id and name on several machines.
 * Outside of containers a process is in the first namespace, whose number is the kernel's (PROC_PID_INIT_INO).
 */
function isMachine({ machine, namespace }: Owner): boolean {
  return /^[0-9a-f]{32}$/.test(machine) && namespace === "pid:[4026531836]";
}

export function ownerWords({ user, hostname: host, pid }: Owner): string {
  return `${user}@${host} (process ${pid})`;
}
