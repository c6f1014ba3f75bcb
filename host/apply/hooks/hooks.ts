import { bundleFolders, type Names } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { daemonOf } from "../../os/daemons.ts";
import type { Machine } from "../../os/machine.ts";
import { removeDeniedModules } from "../../os/modules.ts";
import { loadHostLinks } from "../../os/network/links.ts";
import { loadFirewall } from "../../os/network/nftables.ts";
import { loadSshServer } from "../../os/ssh/ssh-server.ts";
import { setKernelParameters } from "../../os/sysctl.ts";
import { ask, outdated, said, statesOf, statesOfDown, systemctl } from "../../os/systemd.ts";
import type { Problem } from "../validate/problem.ts";
import type { ChosenHooks } from "./choose.ts";

/** Loaders by the names that folders give them: each returns its error, if any. */
const loaders: Readonly<
  Record<
    Names["loader"],
    { hook: string; load(machine: Machine, paths: readonly string[]): Promise<string | undefined> }
  >
> = {
  firewall: { hook: "load the firewall", load: loadFirewall },
  hostLinks: { hook: "set up the links", load: loadHostLinks },
  sshServer: { hook: "reload the SSH server", load: loadSshServer },
  kernelParameters: { hook: "sysctl", load: setKernelParameters },
  deniedModules: { hook: "modules", load: removeDeniedModules },
  // Not a unit of the bundle: it would be stopped when an older bundle comes, and whoever writes to it would lose its lines.
  journal: {
    hook: "restart the journal",
    load: (machine) => said(systemctl(machine, "try-restart", ["systemd-journald.service"])),
  },
};

export interface HookResult {
  /** Hooks that were run. */
  readonly hooks: readonly string[];
  /** Failures that count as problems of the host. `verify` finds units that did not start. */
  readonly problems: readonly Problem[];
}

const effectOf = (folder: string) => bundleFolders.find(({ name }) => name === folder)?.takesEffect;
const loaderOf = (folder: string) => {
  const effect = effectOf(folder);
  return effect?.by === "load" ? effect.loader : undefined;
};

/** Runs the chosen hooks. In a directory tree the hooks are only named. */
export async function runHooks(machine: Machine, chosen: ChosenHooks): Promise<HookResult> {
  const hooks: string[] = [];
  const problems: Problem[] = [];
  /** Runs one hook, and records its name and its error. */
  const hook = async (name: string, work: () => Promise<string | undefined>) => {
    hooks.push(name);
    machine.say(name);
    const wrong = machine.live ? await work() : undefined;
    if (wrong !== undefined) problems.push({ group: "host", message: `${name}: ${wrong}` });
  };
  const loaded = new Set<string>();
  for (const { folder } of chosen.load) {
    const effect = effectOf(folder);
    if (effect?.by !== "load" || loaded.has(effect.loader)) continue;
    loaded.add(effect.loader);
    // Once for all folders that it loads.
    const paths = chosen.load.flatMap((each) => (loaderOf(each.folder) === effect.loader ? each.paths : []));
    const { hook: name, load } = loaders[effect.loader];
    await hook(name, () => load(machine, paths));
    // The old firewall is in force again: the rest of the change must not take effect with it.
    if (effect.first && problems.length > 0) return { hooks, problems };
  }
  if (chosen.stop.length > 0) await hook(`stop ${listed(chosen.stop)}`, () => stop(machine, chosen.stop));
  if (chosen.daemonReload || (machine.live && (await mayBeOutdated(machine, chosen.start)))) {
    await hook("daemon-reload", () => said(machine.run("systemctl", ["daemon-reload"], { timeout: 300_000 })));
  }
  if (chosen.stopChanged.length > 0) {
    await hook(`stop changed ${listed(chosen.stopChanged)}`, () => stop(machine, chosen.stopChanged));
  }
  if (chosen.start.length > 0) await hook(`start ${listed(chosen.start)}`, () => start(machine, chosen.start));
  if (chosen.restart.length > 0)
    await hook(`restart ${listed(chosen.restart)}`, () => restart(machine, chosen.restart));
  for (const unit of chosen.reload) await hook(`reload ${unit}`, () => daemonOf(unit).reload(machine));
  return { hooks, problems };
}

/**
 * Units that systemd is asked about before it reads all of them again. One question takes it as long as reading the units of three accounts
 * (measured: 23 and 7 ms, with 300 accounts).
 */
const mostAsked = 100;

/** Whether systemd may have read another file of a unit that starts: of an account that goes and comes back, say. */
async function mayBeOutdated(machine: Machine, units: readonly string[]): Promise<boolean> {
  return units.length > mostAsked || outdated(machine, units);
}

/**
 * Only loaded units can be stopped; failed ones are reset. A stop succeeds if nothing runs afterwards: systemd unloads a service that
 * was loaded only for its socket as soon as the socket stops, and stopping it then fails.
 */
async function stop(machine: Machine, units: readonly string[]): Promise<string | undefined> {
  const states = await statesOf(machine, units);
  const loaded = units.filter((unit) => states.has(unit));
  const wrong = await said(systemctl(machine, "stop", loaded));
  // One that has failed, before or because of the stop, stays loaded with its old file. Of the others systemd knows nothing any more.
  await systemctl(machine, "reset-failed", loaded);
  if (wrong === undefined) return undefined;
  const after = await statesOf(machine, units);
  return loaded.every((unit) => isDown(after.get(unit))) ? undefined : wrong;
}

function isDown(state: string | undefined): boolean {
  return state === undefined || state === "inactive" || state === "failed";
}

/** A unit that does not start is not reported here: `verify` finds it, with its reason and its account. */
async function start(machine: Machine, units: readonly string[]): Promise<undefined> {
  const states = await statesOfDown(machine);
  await systemctl(
    machine,
    "reset-failed",
    units.filter((unit) => states.get(unit) === "failed"),
  );
  await systemctl(machine, "start", units);
}

/**
 * A unit that does not come up again is found by `verify`. One that goes on as before is not: systemd did not answer in time, or refused
 * the whole call. Programs of accounts do not count: they may end as they like.
 */
async function restart(machine: Machine, units: readonly string[]): Promise<string | undefined> {
  const own = units.filter((unit) => !unit.startsWith("account-"));
  const before = await invocations(machine, own);
  const wrong = await said(systemctl(machine, "restart", units));
  if (wrong === undefined) return undefined;
  const after = await invocations(machine, own);
  const same = own.filter((_unit, index) => before[index] !== "" && before[index] === after[index]);
  return same.length === 0 ? undefined : `${listed(same)} went on as before: ${wrong}`;
}

/** What tells two runs of a unit apart (systemd.exec(5), INVOCATION_ID); empty for one that does not run. */
async function invocations(machine: Machine, units: readonly string[]): Promise<string[]> {
  if (units.length === 0) return [];
  const shown = await ask(machine, ["show", "--property=InvocationID", "--value", "--", ...units]);
  return shown.split("\n").filter((_line, index) => index % 2 === 0);
}

function listed(units: readonly string[]): string {
  return units.length <= 3 ? units.join(" ") : `${units[0]} and ${units.length - 1} more`;
}
