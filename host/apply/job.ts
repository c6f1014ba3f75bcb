import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApplyReport } from "../../delivery/protocol/bundle.ts";
import { canonicalJson } from "../../delivery/protocol/digest.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { ask } from "../os/systemd.ts";
import { readOwn } from "../store/own-file.ts";
import { isReport } from "../store/report.ts";
import type { Received } from "./receive.ts";

/** Files of an apply that runs outside the SSH session. */
export interface Job {
  readonly id: string;
  readonly unit: string;
  readonly delivery: string;
  readonly log: string;
  readonly report: string;
}

/** Equal deliveries are the same job, whoever sends them. */
export function jobOf({ layout }: Machine, delivery: Received): Job {
  const { bundle, secretEpoch, dnsSecrets, masterSecret, answers, answered, awaited } = delivery;
  const digest = createHash("sha256").update(`${bundle.digest} ${secretEpoch}`);
  // The id is no secret: nobody can try out secrets on it who lacks the master secret.
  if (Object.keys(dnsSecrets).length > 0) digest.update(masterSecret ?? "").update(canonicalJson(dnsSecrets));
  digest.update(canonicalJson({ answers, answered, ...(awaited.length > 0 && { awaited }) }));
  return jobById(layout.jobs, digest.digest("hex").slice(0, 16));
}

export function jobById(directory: string, id: string): Job {
  const file = (suffix: string) => join(directory, `${id}.${suffix}`);
  return {
    id,
    unit: `fairhost-apply-${id}.service`,
    delivery: file("delivery"),
    log: file("log"),
    report: file("report"),
  };
}

/** Days after which the log and the report of a run are removed: they lie in memory, and a host may be up for years. */
const kept = 30;

/** Removes logs and reports of old runs. */
export function forgetOldRuns({ disk, layout }: Machine, now: number): void {
  for (const name of readdirSync(layout.jobs)) {
    const path = join(layout.jobs, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (/\.(log|report)$/.test(name) && changed !== undefined && now - changed > kept * 86_400_000) disk.remove(path);
  }
}

/**
 * Runs a job in its own unit, so that a lost SSH session or a killed controller does not affect it, and follows it: progress goes to
 * `say`, the report is returned. A job that already runs is only followed.
 * @param command the applier and its arguments for this job
 */
export async function runDetached(
  machine: Machine,
  job: Job,
  deliveryText: string,
  command: readonly string[],
): Promise<ApplyReport> {
  const { disk, layout, run } = machine;
  disk.makeDirectory(layout.jobs, 0o700);
  forgetOldRuns(machine, Date.now());
  // A job can end between the check and the follow-up; then it runs again, which changes nothing.
  for (let attempt = 0; attempt < 3; attempt++) {
    const before = identity(job.report);
    disk.replace(job.delivery, deliveryText, 0o600);
    const properties = ["Type=exec", "StandardOutput=null", `StandardError=truncate:${job.log}`];
    const session =
      process.env.SSH_CONNECTION === undefined ? [] : [`--setenv=SSH_CONNECTION=${process.env.SSH_CONNECTION}`];
    const settings = [
      "--quiet",
      "--collect",
      `--unit=${job.unit}`,
      ...properties.map((property) => `--property=${property}`),
    ];
    const started = await run("systemd-run", [...settings, ...session, "--", ...command]);
    const isUnderWay = /already (loaded|exists)|was already|fragment file/i.test(started.stderr);
    // A call that systemd answers too late fails, and the job runs all the same.
    const isOff = started.status === 0 || isUnderWay || runs(await activeState(machine, job));
    if (!isOff) throw new ApplyError(`systemd-run: ${started.stderr.trim()}`);
    if (isUnderWay) machine.say("the same bundle is already being applied: following that run");
    const report = await follow(machine, job, before);
    if (report) return report;
    if (!isUnderWay) break;
  }
  throw new ApplyError(
    `the applier ended without a report (killed, or the host is shutting down). The generation in force is complete; apply again. Log: ${job.log}, journalctl -u ${job.unit}`,
  );
}

/** Looks at the report, five a second, between two questions to systemd whether the job still runs: so long a job's sudden death may stay unseen. */
const mostLooks = 50;

async function follow(machine: Machine, job: Job, before: string): Promise<ApplyReport | undefined> {
  let shown = 0;
  let looks = 0;
  // systemd is asked ever more rarely: each question costs it and a host with many accounts, whose applies take long, more than a look at a file.
  let next = 5;
  for (;;) {
    shown = showFrom(job.log, shown, machine.say);
    if (identity(job.report) !== before) {
      showFrom(job.log, shown, machine.say);
      return readOwn(job.report, isReport, "Apply again: `fairhost-host status` tells what is in force");
    }
    if (++looks === next) {
      next += Math.min(looks, mostLooks);
      const isOver = !runs(await activeState(machine, job));
      if (isOver && identity(job.report) === before) return undefined;
    }
    await sleep(200);
  }
}

function activeState(machine: Machine, { unit }: Job): Promise<string> {
  return ask(machine, ["show", "--property=ActiveState", "--value", unit]);
}

function runs(state: string): boolean {
  return /^(active|activating|deactivating|reloading)/.test(state);
}

function identity(path: string): string {
  if (!existsSync(path)) return "";
  const { ino, mtimeMs } = statSync(path);
  return `${ino} ${mtimeMs}`;
}

/** Shows new complete lines. @returns the position up to which the file has been shown */
function showFrom(path: string, from: number, say: (line: string) => void): number {
  if (!existsSync(path)) return from;
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(64 << 10);
    const text = buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, from));
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    for (const line of whole.split("\n").slice(0, -1)) say(line);
    return from + Buffer.byteLength(whole);
  } finally {
    closeSync(file);
  }
}
