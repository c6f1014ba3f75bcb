import { nftables } from "../../components/network/nftables.host.ts";
import { routerFirewall } from "../../components/network/router-firewall.host.ts";
import type { Group } from "../../delivery/protocol/bundle.ts";
import { count } from "../../lib/text/text.ts";
import { type Brought, bringDatabases } from "../os/databases/databases.ts";
import type { Machine } from "../os/machine.ts";
import { firewallHash } from "../os/network/nftables.ts";
import { setQuotas, wrongQuotas } from "../os/quota.ts";
import { unitStates } from "../os/systemd.ts";
import type { Applied, Generation } from "../store/generations.ts";
import { asItMayRun } from "../store/moving.ts";
import {
  type ChosenHooks,
  changedGroups,
  chooseHooks,
  type HookInput,
  isEmpty,
  splitHooks,
  unitsOf,
} from "./hooks/choose.ts";
import { runHooks } from "./hooks/hooks.ts";
import type { Repairs } from "./repair.ts";
import type { Problem } from "./validate/problem.ts";
import { verify } from "./verify.ts";

/** State that one run collects for the report. */
export interface Course {
  readonly machine: Machine;
  readonly epoch: number;
  /** Digest of the bundle that is to be in force. */
  readonly wanted: string;
  readonly applied: Applied | undefined;
  /** Generations from which the running host may come; grows with every switch of this run. */
  readonly bases: Generation[];
  readonly repairedPaths: ReadonlySet<string>;
  readonly repaired: string[];
  readonly repairs: Repairs;
  readonly hooks: string[];
  readonly problems: Problem[];
  /** Facts for the report that are no problems. */
  readonly notes: readonly string[];
  filesWritten: number;
  /** Accounts whose programs have older secrets than those of `epoch`. */
  behind: ReadonlySet<Group>;
}

/**
 * Runs the hooks that make the running host follow the generation in force, and verifies. Servers of databases get new passwords before
 * programs do; where one does not take it, the account's programs go on with the old one, and the next apply tries again.
 * @param old whose files accounts with a problem get back
 * @returns problems for which they must: what an account has done to its own databases keeps no other from its new files
 */
export async function bring(course: Course, next: Generation, old: Generation): Promise<readonly Problem[]> {
  const { machine, applied } = course;
  const unlimited = await bringQuotas(course, next);
  if (unlimited.length > 0) return unlimited;
  const last = course.bases[0]!.bundle;
  const firewallLost =
    machine.live && applied !== undefined && (await firewallHash(machine, last)) !== applied.firewall;
  const toRun = asItMayRun(machine, next.bundle);
  const input: HookInput = {
    bases: course.bases.map(({ bundle }) => bundle),
    next: toRun,
    repaired: course.repairedPaths,
    outdated: course.repairs.outdated,
    daemonReload: course.repairs.reload,
    rotated: course.behind,
    lost: new Set(firewallLost ? [nftables.name, routerFirewall.name] : []),
    ...(machine.live && { states: await unitStates(machine) }),
  };
  let chosen = chooseHooks(input);
  if (course.bases.length === 1) {
    const known = unitsOf(last);
    const stopped = chosen.start.filter((unit) => known.has(unit) && !chosen.stopChanged.includes(unit));
    course.repaired.push(...stopped.map((unit) => `${unit} was not running`));
    if (firewallLost) course.repaired.push("the firewall had been changed");
  }
  const before = input.states ?? new Map();
  const touched = touchedBy(chosen);
  let databases: Brought | undefined;
  if (course.behind.size > 0) {
    const { host } = splitHooks(chosen, toRun);
    const { hooks, problems } = await runHooks(machine, host);
    course.hooks.push(...hooks);
    if (problems.length > 0) return problems;
    try {
      databases = await bringDatabases(machine, next.bundle);
    } catch (error) {
      const left = (await verify(machine, toRun, before, touchedBy(host))).filter(({ group }) => group === "host");
      if (left.length > 0) return left;
      throw error;
    }
    course.hooks.push(...databases.done);
    const refused = new Set(databases.problems.map(({ group }) => group));
    const rotated = new Set([...course.behind].filter((group) => !refused.has(group)));
    chosen = splitHooks(chooseHooks({ ...input, rotated }), toRun).accounts;
    for (const unit of touchedBy(chosen)) touched.add(unit);
    course.behind = new Set([...course.behind].filter((group) => refused.has(group)));
  }
  if (databases || !isEmpty(chosen)) {
    const { hooks, problems } = await runHooks(machine, chosen);
    course.hooks.push(...hooks);
    const left = problems.length > 0 ? problems : await verify(machine, toRun, before, touched);
    if (left.length > 0) return left;
  }
  if (!databases) {
    databases = await bringDatabases(machine, next.bundle);
    course.hooks.push(...databases.done);
  }
  const { problems, open } = databases;
  const changed = new Set<string>(changedGroups(old.bundle, next.bundle));
  const known = new Set(course.problems.map(({ group, message }) => `${group} ${message}`));
  const stay = [...problems.filter(({ group }) => !changed.has(group)), ...open];
  course.problems.push(...stay.filter(({ group, message }) => !known.has(`${group} ${message}`)));
  return problems.filter(({ group }) => changed.has(group));
}

/** Units that hooks stop or start, but for those that go. */
function touchedBy({ stopChanged, start, restart }: ChosenHooks): Set<string> {
  return new Set([...stopChanged, ...start, ...restart]);
}

/** Sets quotas that differ, before anything starts. Without a new generation they had been changed by hand. */
async function bringQuotas({ machine, bases, hooks, repaired }: Course, next: Generation): Promise<readonly Problem[]> {
  const wrong = await wrongQuotas(machine, next.bundle);
  if (wrong.length === 0) return [];
  const hook = `set ${count(wrong.length, "disk quota")}`;
  machine.say(hook);
  hooks.push(hook);
  if (bases.length === 1 && bases[0]!.number === next.number) repaired.push(...wrong.map(({ message }) => message));
  return setQuotas(machine, wrong);
}

export function concernsHost(problems: readonly Problem[]): boolean {
  return problems.some(({ group }) => group === "host");
}
