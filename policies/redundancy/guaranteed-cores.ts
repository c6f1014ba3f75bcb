import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { fairShares } from "../fair-shares.ts";

export const guaranteedCores = defineRule({
  name: "guaranteed-cores",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description: "Every account's share of its host's cores, by its CPU weight, is at least what its plan guarantees.",
  reason:
    "The kernel shares the cores of a busy host by weight alone: beside accounts with large weights an account gets less than it was promised, although the host has enough for all promises.",
  fix: "Lower the weights of other accounts on the host, raise the account's `cpuWeight`, lower the plan's `guaranteed.cores`, or move accounts to another host.",
  *find(declaration) {
    const { hosts, accounts, plans } = declaration;
    const planOf = new Map(plans.map((plan) => [plan.name, plan]));
    const shares = fairShares(declaration);
    const promisedTo = ({ plan }: (typeof accounts)[number]) => planOf.get(plan)?.guaranteed.cores ?? 0;
    // `overcommit-within-plan` reports a host that has too few cores for all, whatever the weights.
    const enough = new Map(hosts.map(({ name, capacity }) => [name, capacity.cores]));
    for (const account of accounts) {
      const left = enough.get(account.host);
      if (left !== undefined) enough.set(account.host, left - promisedTo(account));
    }
    for (const account of accounts) {
      const promised = promisedTo(account);
      const cores = shares.get(account.number)!.guaranteed.cores;
      if ((enough.get(account.host) ?? -1) < -1e-9 || cores * (1 + 1e-9) >= promised) continue;
      yield {
        subject: subject.account(account, "limits.cpuWeight"),
        message: `Account ${account.number} gets ${Number(cores.toPrecision(2))} cores of busy host ${account.host} by its CPU weight ${account.limits.cpuWeight}, but plan ${account.plan} guarantees ${promised}.`,
      };
    }
  },
});
