import { copyTimes } from "../../components/account/standby-copy.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { count } from "../../lib/text/text.ts";

export const overcommitWithinPlan = defineRule({
  name: "overcommit-within-plan",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "The memory and disk limits of a host's accounts, divided by their plans' overcommit, fit the host's capacity, and so do the memory and cores that they are guaranteed. The copies of accounts for which the host is the standby take disk too, three times the account's limit.",
  reason: "If more is promised than the host has, it swaps, kills programs or runs out of disk space.",
  fix: "Move accounts to another host, or add a host.",
  *find({ hosts, accounts, plans }) {
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const onHost = Map.groupBy(accounts, ({ host }) => host);
    const copiesOn = Map.groupBy(accounts, ({ standby }) => standby);
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
      const copies = copiesOn.get(host.name) ?? [];
      for (const { plan, limits } of copies)
        need.disk += (copyTimes * limits.diskGb) / (planOf.get(plan)?.overcommit.disk ?? 1);
      const { capacity } = host;
      const whose = `The accounts of host ${host.name}`;
      const withCopies =
        copies.length === 0
          ? whose
          : `${whose} and the copies of ${count(copies.length, "account")} that it is the standby of`;
      const judged = [
        ["MiB of memory at their plans' overcommit", need.memory, capacity.memoryMb],
        ["GB of disk at their plans' overcommit", need.disk, capacity.diskGb, withCopies],
        ["guaranteed cores", need.cores, capacity.cores],
        ["MiB of guaranteed memory", need.guaranteed, capacity.memoryMb],
      ] as [string, number, number, string?][];
      for (const [what, needed, there, who = whose] of judged) {
        if (needed <= there * (1 + 1e-9)) continue;
        yield {
          subject: subject.host(host, "capacity"),
          message: `${who} take ${Math.ceil(needed * 100) / 100} ${what}, but it has ${there}.`,
        };
      }
    }
  },
});
