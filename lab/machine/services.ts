import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/user-error.ts";
import { endProcess, identify, isAlive, type ProcessId } from "../../toolchain/system/processes.ts";
import { checkout, labDirectory, runtimeDirectory } from "../paths.ts";

/** A process that the lab keeps running, recorded so that a later command can end exactly this process. */
export interface Service extends ProcessId {
  readonly name: string;
  readonly command: readonly string[];
  /** The checkout whose lab it belongs to. */
  readonly checkout: string;
}

/** Not in the checkout: another one can take the lab down, even when this one is gone. */
const records = join(runtimeDirectory, "processes");
let refusing = false;

/** Makes every later start fail, because the lab is being taken down. */
export function refuseNewServices(): void {
  refusing = true;
}

/**
 * Starts a process that outlives this command, in a session of its own, and records it. Its output goes to `.lab/<name>.log`.
 * @throws Error when it cannot be started or the lab is being taken down.
 */
export async function startService(
  name: string,
  command: readonly [string, ...string[]],
  cwd: string = labDirectory,
): Promise<Service> {
  if (refusing) throw new Error("interrupted");
  mkdirSync(records, { recursive: true, mode: 0o700 });
  const log = openSync(join(labDirectory, `${name}.log`), "a", 0o600);
  const child = spawn(command[0], command.slice(1), { cwd, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  if (child.pid === undefined) await failed;
  failed.catch(() => {});
  const pid = child.pid as number;
  // Written synchronously, so that no signal handler can run between start and record.
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const service: Service = {
    name,
    pid,
    started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "?",
    command,
    checkout,
  };
  const path = join(records, `${name}.json`);
  writeFileSync(`${path}.new`, JSON.stringify(service), { mode: 0o600 });
  renameSync(`${path}.new`, path);
  child.unref();
  return service;
}

/** Every recorded process of a checkout's lab, whether it still runs or not. A damaged record hides no other one. */
export function recordedServices(of: string = checkout, from: string = records): Service[] {
  if (!existsSync(from)) return [];
  const files = readdirSync(from).filter((file) => file.endsWith(".json"));
  return files.map((file) => recordIn(join(from, file))).filter((service) => service?.checkout === of) as Service[];
}

function recordIn(file: string): Service | undefined {
  try {
    return (JSON.parse(readFileSync(file, "utf8")) as Service | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The running process of this name. */
export async function runningService(name: string): Promise<Service | undefined> {
  const service = recordedServices().find((one) => one.name === name);
  return service && (await isAlive(service)) ? service : undefined;
}

/** Ends a recorded process and all others of its session, waits for their end, and removes the record. */
export async function endService(service: Service): Promise<void> {
  const members = await sessionOf(service.pid);
  await endProcess(service);
  for (const member of members) await endProcess(member);
  rmSync(join(records, `${service.name}.json`), { force: true });
}

/** The processes of a session. Its id is the leader's, and the kernel does not reuse an id that names a session, so all of them belong to the service. */
async function sessionOf(leader: number): Promise<ProcessId[]> {
  const members: ProcessId[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry) || Number(entry) === leader) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    if (stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] !== String(leader)) continue;
    const id = await identify(Number(entry));
    if (id) members.push(id);
  }
  return members;
}

/** Waits until `ready` says yes. @throws Error with the log's end if the service ends first or the time limit is exceeded. */
export async function waitFor(
  service: Service,
  what: string,
  timeoutMs: number,
  ready: () => Promise<boolean>,
  everyMs = 30,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const alive = await isAlive(service);
    if (alive && (await ready().catch(() => false))) return;
    if (alive && performance.now() < end) {
      await sleep(everyMs);
      continue;
    }
    const log = await readFile(join(labDirectory, `${service.name}.log`), "utf8").catch(() => "");
    throw new UserError(
      `${service.name}: ${alive ? `no ${what} within ${timeoutMs / 1000} s` : "it exited"}\n${log.split("\n").slice(-6).join("\n")}`,
    );
  }
}
