import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const overcommitWithinPlan = defineRule({
  name: "overcommit-within-plan",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "The memory and disk limits of a host's accounts, divided by their plans' overcommit, fit the host's capacity, and so do the memory and cores that they are guaranteed.",
  reason: "If more is promised than the host has, it swaps, kills programs or runs out of disk space.",
  fix: "Move accounts to another host, or add a host.",
  *find({ hosts, accounts, plans }) {
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const onHost = Map.groupBy(accounts, ({ host }) => host);
    for (const host of hosts) {
      const need = { memory: 0, disk: 0, cores: 0, guaranteed: 0 };
      for (const { plan: name, limits } of onHost.get(host.name) ?? []) {
        const plan = planOf.get(name);
        if (plan === undefined) continue;
        need.memory += limits.memoryMaxMb / plan.overcommit.memory;
        need.disk += limits.diskGb / plan.overcommit.disk;
        need.cores += plan.guaranteed.cores;
        need.guaranteed += plan.guaranteed.memoryMb;
      }
      const { capacity } = host;
      const judged = [
        ["MiB of memory at their plans' overcommit", need.memory, capacity.memoryMb],
        ["GB of disk at their plans' overcommit", need.disk, capacity.diskGb],
        ["guaranteed cores", need.cores, capacity.cores],
        ["MiB of guaranteed memory", need.guaranteed, capacity.memoryMb],
      ] as const;
      for (const [what, needed, there] of judged) {
        if (needed <= there * (1 + 1e-9)) continue;
        yield {
          subject: subject.host(host, "capacity"),
          message: `The accounts of host ${host.name} take ${Math.ceil(needed * 100) / 100} ${what}, but it has ${there}.`,
        };
      }
    }
  },
});
