import { subject } from "../../components/rule.ts";
import type { Finding, GuardRule } from "./guard-rule.ts";

/** What accounts were promised is not taken back in passing. */
export const promisesKept: GuardRule = {
  name: "promises-kept",
  description: "An account gets less memory, disk, tasks, weight, retention or redundancy only with approval.",
  reason:
    "What runs at its old limit is killed at the new one, and backups that are older than the new retention are deleted.",
  remediation: "If it is agreed with whom it concerns, write an approval into approvals.yaml.",
  *find({ changes }) {
    const plans = new Set<string>();
    for (const { op, before: was, after: is } of changes.plans) {
      if (op !== "update" || !was || !is) continue;
      const less: string[] = [];
      for (const key of ["cpuWeight", "ioWeight", "memoryMaxMb", "tasksMax", "diskGb", "retentionDays"] as const) {
        if (is[key] < was[key]) less.push(`${key} ${was[key]} to ${is[key]}`);
      }
      for (const key of ["cores", "memoryMb"] as const) {
        if (is.guaranteed[key] < was.guaranteed[key])
          less.push(`guaranteed.${key} ${was.guaranteed[key]} to ${is.guaranteed[key]}`);
      }
      if (was.takeover && !is.takeover) less.push("no takeover any more");
      const lost = was.survives.filter((failure) => !is.survives.includes(failure));
      if (lost.length > 0) less.push(`no longer survives ${lost.join(", ")}`);
      if (less.length === 0) continue;
      plans.add(is.name);
      yield finding(subject.plan(is), `Plan ${is.name} promises less: ${less.join(", ")}.`, `plan ${is.name}`);
    }
    for (const { op, before: was, after: is } of changes.accounts) {
      if (op !== "update" || !was || !is) continue;
      // A plan that promises less is told once, not for each of its accounts.
      if (was.plan === is.plan && plans.has(is.plan)) continue;
      const less: string[] = [];
      for (const key of ["cpuWeight", "ioWeight", "memoryMaxMb", "tasksMax", "diskGb"] as const) {
        if (is.limits[key] < was.limits[key]) less.push(`${key} ${was.limits[key]} to ${is.limits[key]}`);
      }
      if ((is.backup?.retentionDays ?? 0) < (was.backup?.retentionDays ?? 0)) {
        less.push(`retention ${was.backup?.retentionDays} to ${is.backup?.retentionDays ?? 0} days`);
      }
      if (was.standby !== undefined && is.standby === undefined)
        less.push(`no standby any more (it was ${was.standby})`);
      if (less.length === 0) continue;
      yield finding(
        subject.account(is),
        `Account ${is.number} (${is.name}) gets less: ${less.join(", ")}.`,
        `account ${is.number}`,
      );
    }
    for (const change of changes.hosts) {
      if (change.op !== "update") continue;
      const less = (["cores", "memoryMb", "diskGb"] as const).filter(
        (key) => change.after.capacity[key] < change.before.capacity[key],
      );
      if (less.length === 0) continue;
      yield finding(
        subject.host(change.after, "capacity"),
        `Host ${change.after.name} has less: ${less.map((key) => `${key} ${change.before.capacity[key]} to ${change.after.capacity[key]}`).join(", ")}.`,
        `host ${change.after.name}`,
      );
    }
  },
};

function finding(about: Finding["subject"], message: string, resource: string): Finding {
  return { subject: about, message, approval: { action: "shrink", resource } };
}
