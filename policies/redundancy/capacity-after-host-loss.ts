import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  PlanInputs,
} from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const capacityAfterHostLoss = defineRule({
  name: "capacity-after-host-loss",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description:
    "After the loss of any one host, the other hosts of its group (same site and cell) have the cores, memory and disk that are guaranteed to their own accounts and to those of the lost host.",
  reason:
    "Without free capacity on other hosts, the accounts of a lost host stay down until it is repaired, even if there are backups.",
  fix: "Add a host (`role: spare`) to the group or move accounts to another group; for plans without this promise, set `takeover: false`.",
  *find({ hosts, accounts, plans }) {
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const onHost = Map.groupBy(accounts, ({ host }) => host);
    const groups = Map.groupBy(
      hosts.filter(({ role }) => role === "accounts" || role === "spare"),
      ({ site, cell }) => `site ${site}, cell ${cell}`,
    );
    for (const [group, members] of groups) {
      const capacity = sum(members.map(capacityOf));
      const demand = sum(members.map(({ name }) => guaranteed(onHost.get(name) ?? [], planOf)));
      for (const host of members) {
        const own = onHost.get(host.name) ?? [];
        const stay = own.filter(({ plan }) => planOf.get(plan)?.takeover === false);
        if (own.length === stay.length) continue;
        const left = minus(capacity, capacityOf(host));
        const needed = minus(demand, guaranteed(stay, planOf));
        const lacking = units.filter(({ key }) => needed[key] > left[key] * (1 + 1e-9));
        if (lacking.length === 0) continue;
        const what = lacking.map(
          ({ key, unit }) => `${round(needed[key])} ${unit} are guaranteed, ${round(left[key])} are left`,
        );
        yield {
          subject: subject.host(host, "capacity"),
          message: `Without host ${host.name} its group (${group}) is too small: ${what.join("; ")}.`,
        };
      }
    }
  },
});

interface Amount {
  readonly cores: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

const units = [
  { key: "cores", unit: "cores" },
  { key: "memoryMb", unit: "MiB of memory" },
  { key: "diskGb", unit: "GB of disk" },
] as const;

function capacityOf({ capacity }: BareMetalHostInputs): Amount {
  return capacity;
}

function guaranteed(accounts: readonly AccountContainerInputs[], plans: ReadonlyMap<string, PlanInputs>): Amount {
  return sum(
    accounts.flatMap(({ plan: name, limits }) => {
      const plan = plans.get(name);
      return plan ? [{ ...plan.guaranteed, diskGb: limits.diskGb / plan.overcommit.disk }] : [];
    }),
  );
}

function sum(amounts: readonly Amount[]): Amount {
  return amounts.reduce(
    (total, { cores, memoryMb, diskGb }) => ({
      cores: total.cores + cores,
      memoryMb: total.memoryMb + memoryMb,
      diskGb: total.diskGb + diskGb,
    }),
    { cores: 0, memoryMb: 0, diskGb: 0 },
  );
}

function minus(total: Amount, part: Amount): Amount {
  return {
    cores: total.cores - part.cores,
    memoryMb: total.memoryMb - part.memoryMb,
    diskGb: total.diskGb - part.diskGb,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
