import type { BareMetalHostInputs, PlanInputs } from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule, type Found } from "../../components/rule.ts";
import { listed } from "../../lib/text/text.ts";
import { landings } from "../landings.ts";
import { type Awake, awakeOf, wakeBudget } from "../wake-budget.ts";

export const wakesInTime = defineRule({
  name: "wakes-in-time",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "After the reboot of a host, and after it takes over accounts of a lost host or site, all HTTP servers and services that never rest have started within the `wakeSeconds` of their plans, and the host has memory for them.",
  reason:
    "Everything that never rests starts at once after a reboot: if it is more than the host can start in time, web sites stay away for longer than their plan promises.",
  fix: "Give HTTP servers an `idleSeconds` above 0, so that they start with their first visitor; move accounts to another host or give them another standby; or raise the plan's `wakeSeconds`.",
  *find(declaration) {
    const { hosts, plans } = declaration;
    const awake = awakeOf(declaration);
    if (awake.size === 0) return;
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const onHost = Map.groupBy(awake.values(), ({ account }) => account.host);
    const arriving = Map.groupBy(
      landings(declaration, ({ number }) => awake.has(number)),
      ({ host }) => host,
    );
    for (const host of hosts) {
      if (host.lost !== undefined) continue;
      const own = onHost.get(host.name) ?? [];
      const found = [...late(host, planOf, own, "after a reboot")];
      yield* found;
      // Who does not get up by itself in time is not told once more for each loss.
      if (found.length > 0) continue;
      for (const { lost, accounts } of arriving.get(host.name) ?? []) {
        const come = accounts.map(({ number }) => awake.get(number)!);
        const losing = [...late(host, planOf, come, `when ${lost} is lost`, own)];
        yield* losing;
        if (losing.length > 0) break;
      }
    }
  },
});

/** @param running programs of the host that are up already */
function* late(
  host: BareMetalHostInputs,
  plans: ReadonlyMap<string, PlanInputs>,
  awake: readonly Awake[],
  when: string,
  running: readonly Awake[] = [],
): Generator<Found> {
  const { cores, memoryMb } = host.capacity;
  const beside = running.reduce((sum, each) => sum + each.memoryMb, 0);
  const budget = wakeBudget(cores, awake, memoryMb, beside);
  const about = subject.host(host, "capacity");
  const programs = awake.reduce((sum, each) => sum + each.programs, 0);
  const [strictest] = [...new Set(awake.map(({ account: { plan } }) => plan))]
    .flatMap((plan) => plans.get(plan) ?? [])
    .sort((left, right) => (left.wakeSeconds ?? Infinity) - (right.wakeSeconds ?? Infinity));
  const promised = strictest?.wakeSeconds ?? Infinity;
  if (budget.seconds > promised) {
    const takes = `Host ${host.name} takes up to ${Math.ceil(budget.seconds)} s to start ${programs} HTTP servers and services ${when}`;
    yield { subject: about, message: `${takes}, but plan ${strictest!.name} promises ${promised} s. ${mostOf(awake)}` };
  }
  if (awake.length > 0 && budget.memoryMb > memoryMb) {
    const needs = `Host ${host.name} needs up to ${Math.ceil(budget.memoryMb)} MiB of memory to start ${programs} HTTP servers and services ${when}`;
    yield { subject: about, message: `${needs}, but it has ${memoryMb}. ${mostOf(awake)}` };
  }
}

/** Whose programs take most of it. */
function mostOf(awake: readonly Awake[]): string {
  const dearest = awake
    .toSorted((left, right) => right.cpuSeconds - left.cpuSeconds || left.account.number - right.account.number)
    .slice(0, 3)
    .map(({ account: { number, name }, programs }) => `${number} (${name}, ${programs})`);
  return `Most of it is for ${dearest.length === 1 ? "account" : "accounts"} ${listed(dearest)}.`;
}
