import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { loadFirewall } from "../os/nftables.ts";
import { reloadFrontEnd } from "../os/nginx.ts";
import { outdated, systemctl, unitStates } from "../os/systemd.ts";
import { entryFiles } from "../store/layout.ts";
import type { HookPlan } from "./plan.ts";
import { unitsOf } from "./plan.ts";
import type { Problem } from "./problem.ts";

export interface HookResult {
  /** What was run. */
  readonly hooks: readonly string[];
  /** Failures that stand against the host; a unit that did not start is seen by `verify`. */
  readonly problems: readonly Problem[];
}

/** Runs a plan. In a directory tree the hooks are only named. */
export async function runHooks(machine: Machine, plan: HookPlan, next: Bundle): Promise<HookResult> {
  const hooks: string[] = [];
  const problems: Problem[] = [];
  /** Does one thing, keeps its name, and what it says went wrong. */
  const hook = async (name: string, work: () => Promise<string | undefined>) => {
    hooks.push(name);
    machine.say(name);
    const wrong = machine.live ? await work() : undefined;
    if (wrong !== undefined) problems.push({ group: "host", message: `${name}: ${wrong}` });
  };
  if (plan.firewall) {
    await hook("load the firewall", () => loadFirewall(machine));
    // Shut out or not: the rest must not go on under rules that were taken back.
    if (problems.length > 0) return { hooks, problems };
  }
  if (plan.sysctl.length > 0) await hook("sysctl", () => setKernel(machine, plan.sysctl));
  if (plan.stop.length > 0) await hook(`stop ${listed(plan.stop)}`, () => stop(machine, plan.stop));
  if (plan.daemonReload || (machine.live && (await outdated(machine, plan.start)))) {
    await hook("daemon-reload", () => said(machine.run("systemctl", ["daemon-reload"], { timeout: 300_000 })));
  }
  if (plan.stopChanged.length > 0) {
    await hook(`stop changed ${listed(plan.stopChanged)}`, () => stop(machine, plan.stopChanged));
  }
  if (plan.start.length > 0) await hook(`start ${listed(plan.start)}`, () => start(machine, plan.start));
  if (plan.restart.length > 0) await hook(`restart ${listed(plan.restart)}`, () => restart(machine, plan.restart));
  if (plan.nginx && unitsOf(next).has("nginx.service")) {
    await hook("reload nginx.service", () => reloadFrontEnd(machine));
  }
  if (plan.bird && unitsOf(next).has("bird.service")) await hook("reload bird.service", () => reloadRouting(machine));
  return { hooks, problems };
}

/**
 * Only what is loaded can be stopped; what failed is forgotten. What counts is that nothing runs afterwards: a service that
 * was loaded for its socket's sake alone is dropped by systemd as soon as the socket stops, and stopping it then fails.
 */
async function stop(machine: Machine, units: readonly string[]): Promise<string | undefined> {
  const states = await unitStates(machine);
  const loaded = units.filter((unit) => states.has(unit));
  const failed = loaded.filter((unit) => states.get(unit) === "failed");
  await systemctl(machine, "reset-failed", failed);
  const wrong = await said(systemctl(machine, "stop", loaded));
  if (wrong === undefined) return undefined;
  const after = await unitStates(machine);
  return loaded.every((unit) => isDown(after.get(unit))) ? undefined : wrong;
}

function isDown(state: string | undefined): boolean {
  return state === undefined || state === "inactive" || state === "failed";
}

/** A unit that does not start is not said here but found by `verify`, with its reason and its account. */
async function start(machine: Machine, units: readonly string[]): Promise<undefined> {
  const states = await unitStates(machine);
  await systemctl(
    machine,
    "reset-failed",
    units.filter((unit) => states.get(unit) === "failed"),
  );
  await systemctl(machine, "start", units);
}

async function restart(machine: Machine, units: readonly string[]): Promise<undefined> {
  await systemctl(machine, "restart", units);
}

async function setKernel(machine: Machine, paths: readonly string[]): Promise<string | undefined> {
  const container = await machine.run("systemd-detect-virt", ["--quiet", "--container"]);
  if (container.status === 0) {
    machine.say("sysctl: in a container the kernel is not ours to set");
    return undefined;
  }
  const files = paths.map((path) => `${currentGeneration}/${path}`);
  return said(machine.run("/usr/lib/systemd/systemd-sysctl", files));
}

async function reloadRouting(machine: Machine): Promise<string | undefined> {
  const { stdout, stderr } = await machine.run("birdc", ["configure", `"${currentGeneration}/${entryFiles.bird}"`]);
  return /^(Reconfigured|Reconfiguration in progress)/m.test(stdout) ? undefined : `${stdout}${stderr}`.trim();
}

async function said(result: Promise<{ status: number; stdout: string; stderr: string }>): Promise<string | undefined> {
  const { status, stdout, stderr } = await result;
  return status === 0 ? undefined : `${stderr}${stdout}`.trim() || `exit status ${status}`;
}

function listed(units: readonly string[]): string {
  return units.length <= 3 ? units.join(" ") : `${units[0]} and ${units.length - 1} more`;
}
