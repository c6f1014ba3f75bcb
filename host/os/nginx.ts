import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs";
import { uptime } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Daemon } from "./daemons.ts";
import type { Machine } from "./machine.ts";

const errorLog = "/var/log/nginx/error.log";

/** Milliseconds. nginx tries five times in 2.5 s to bind an address; a second reload before that would collide with the first. */
const retries = 3500;

/** Milliseconds that the new workers may take to start. */
const patience = 20_000;

/**
 * Reloads nginx and waits until workers with the new configuration serve. `nginx -s reload` itself succeeds even when the
 * master then keeps the old configuration (an address in use, for example): only new workers prove success.
 * @returns the error, if any, with the message of nginx
 */
async function reload(machine: Machine): Promise<string | undefined> {
  const before = new Set(workers());
  const logged = existsSync(errorLog) ? statSync(errorLog).size : 0;
  const { status, stderr } = await machine.run("systemctl", ["reload", "nginx.service"]);
  if (status !== 0) return stderr.trim();
  let firstEmergency = Number.POSITIVE_INFINITY;
  for (const end = performance.now() + patience; performance.now() < end; await sleep(20)) {
    if (workers().some((pid) => !before.has(pid))) return undefined;
    if (emergencies(logged).length > 0) firstEmergency = Math.min(firstEmergency, performance.now());
    if (performance.now() - firstEmergency > retries) break;
  }
  const words = [...new Set(emergencies(logged).map((line) => line.replace(/^.*?\[emerg\] [\d#]+: /, "")))];
  return `nginx keeps its old configuration: ${words.join("; ") || "no new worker appeared"}`;
}

/** The master's children, including ending ones. */
function workers(): number[] {
  try {
    const master = Number(readFileSync("/run/nginx.pid", "utf8"));
    return readdirSync(`/proc/${master}/task`).flatMap((task) =>
      readFileSync(`/proc/${master}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function emergencies(from: number): string[] {
  if (!existsSync(errorLog)) return [];
  const file = openSync(errorLog, "r");
  try {
    const buffer = Buffer.alloc(64 << 10);
    const length = readSync(file, buffer, 0, buffer.length, from);
    const lines = buffer.toString("utf8", 0, length).split("\n");
    return lines.filter((line) => line.includes("[emerg]"));
  } finally {
    closeSync(file);
  }
}

/** When the newest worker started: workers keep the configuration with which they started. */
async function lastRead(): Promise<number | undefined> {
  const starts = workers().flatMap((pid) => startOf(pid) ?? []);
  return starts.length > 0 ? Math.max(...starts) : undefined;
}

/** Milliseconds since 1970, to a hundredth of a second, rounded up. */
function startOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const ticks = Number(fields[19]);
    return Date.now() - uptime() * 1000 + ticks * 10 + 20;
  } catch {
    return undefined;
  }
}

export const nginx: Daemon = { reload, lastRead };
