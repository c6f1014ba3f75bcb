import { limitAt, limitChange } from "../../components/plan/each-limit.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Element, Kind } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { has, valuesOf } from "../../components/registry/schema-walk.ts";
import { allKinds, ownerOf, subject } from "../../components/registry/subject.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Kinds with promises, beside plans and accounts, of which more is told. */
const others = (allKinds as readonly Kind[]).filter(
  ({ key, inputs }) => key !== "plans" && key !== "accounts" && has(inputs, "promise"),
);

/** Promises to accounts are not taken back by accident. */
export const promisesKept: GuardRule = {
  name: "promises-kept",
  theme: "data",
  description: "An account's memory, disk, tasks, weight, retention or redundancy is reduced only with approval.",
  reason: "Processes above the new limit are killed, and backups older than the new retention are deleted.",
  fix: "If the owners of the accounts agree, add an approval to approvals.yaml.",
  *find({ changes }) {
    const plans = new Set<string>();
    for (const { op, before: was, after: is } of changes.plans) {
      if (op !== "update" || !was || !is) continue;
      const less = shrunk(kinds.plans, was, is);
      if (less.length === 0) continue;
      plans.add(is.name);
      yield finding(subject.plan(is), `Plan ${is.name} promises less: ${less.join(", ")}.`, `plan ${is.name}`);
    }
    for (const { op, before: was, after: is } of changes.accounts) {
      if (op !== "update" || !was || !is) continue;
      // A plan that promises less is one finding, not one for each of its accounts.
      if (was.plan === is.plan && plans.has(is.plan)) continue;
      const less = shrunk(kinds.accounts, was, is);
      if ((is.backup?.retentionDays ?? 0) < (was.backup?.retentionDays ?? 0)) {
        less.push(`retention ${was.backup?.retentionDays} to ${is.backup?.retentionDays ?? 0} days`);
      }
      if (was.standby !== undefined && is.standby === undefined) less.push(`standby removed (was ${was.standby})`);
      if (less.length === 0) continue;
      yield finding(
        subject.account(is),
        `Account ${is.number} (${is.name}) gets less: ${less.join(", ")}.`,
        `account ${is.number}`,
      );
    }
    for (const kind of others) {
      for (const { op, subject: about, before: was, after: is } of changes[kind.key] as readonly Change[]) {
        if (op !== "update") continue;
        const less = shrunk(kind, was, is);
        if (less.length === 0) continue;
        yield finding(about, `${ownerOf(about)} promises less: ${less.join(", ")}.`, `${about.kind} ${about.name}`);
      }
    }
    for (const change of changes.hosts) {
      if (change.op !== "update") continue;
      const less = (["cores", "memoryMb", "diskGb"] as const).filter(
        (key) => change.after.capacity[key] < change.before.capacity[key],
      );
      if (less.length === 0) continue;
      yield finding(
        subject.host(change.after, "capacity"),
        `Host ${change.after.name} has less capacity: ${less.map((key) => `${key} ${change.before.capacity[key]} to ${change.after.capacity[key]}`).join(", ")}.`,
        `host ${change.after.name}`,
      );
    }
  },
};

function finding(about: Finding["subject"], message: string, resource: string): Finding {
  return { subject: about, message, approval: { action: "shrink", resource } };
}

/** Promises of an element that became less: a smaller number, a lost flag or item, or a missing value. */
function shrunk(kind: Kind, was: Element, is: Element): string[] {
  const after = new Map([...valuesOf(kind.inputs, is, "promise")].map(({ path, value }) => [path, value]));
  return [...valuesOf(kind.inputs, was, "promise")].flatMap(({ path, value: old }) => less(path, old, after.get(path)));
}

function less(path: string, old: unknown, next: unknown): string[] {
  if (typeof old === "number") {
    if (typeof next === "number" && next >= old) return [];
    const limit = limitAt(path);
    return [limit ? limitChange(limit, old, next as number | undefined) : `${path} ${old} to ${next ?? "none"}`];
  }
  if (typeof old === "boolean") return old && next !== true ? [`${path} removed`] : [];
  const lost = (old as readonly unknown[]).filter((item) => !(next as readonly unknown[] | undefined)?.includes(item));
  return lost.length === 0 ? [] : [`${path} no longer includes ${lost.join(", ")}`];
}
