import type { Change } from "../../components/registry/change.ts";
import { accountsOn } from "../../components/registry/change.ts";
import { allKinds, nameOf } from "../../components/registry/subject.ts";
import { count } from "../../lib/text.ts";
import type { Finding, GuardRule } from "./guard-rule.ts";

/** What holds data, or what others stand on, is not deleted in passing. */
export const dataKept: GuardRule = {
  name: "data-kept",
  description:
    "Nothing that holds data or carries accounts is deleted without approval, nothing protected at all, and never much at once.",
  reason: "A file lost in a merge looks like a deletion; data that nobody meant to lose cannot be asked back.",
  remediation:
    "If it is meant, write an approval into approvals.yaml. What is protected: set `protect: false`, deploy that, and delete afterwards.",
  *find({ changes, before, after, engine, limits }) {
    const gone = changes.accounts.filter(({ op }) => op === "delete");
    for (const change of gone) yield account(change);
    if (gone.length > limits.deletions) {
      yield {
        subject: gone[0]!.subject,
        message: `${count(gone.length, "account")} are deleted at once; limits.yaml allows ${limits.deletions}.`,
      };
    }
    for (const change of changes.hosts) {
      if (change.op !== "delete") continue;
      const left = accountsOn(before.declaration, change.before.name);
      const renamed = after.declaration.hosts.find(({ serial }) => serial === change.before.serial);
      if (renamed) {
        yield {
          subject: change.subject,
          message: `Host ${change.before.name} becomes ${renamed.name}: for the engine that deletes one and makes another, and ${count(left.length, "account")} go dark. A host keeps its name.`,
        };
      } else yield deletion(change, left.length > 0 ? `, with ${count(left.length, "account")} on it` : "");
    }
    for (const { key, deletion: asks } of allKinds) {
      // Of accounts and hosts more is told, above.
      if (asks !== "approval" || key === "accounts" || key === "hosts") continue;
      for (const change of changes[key] as readonly Change[]) if (change.op === "delete") yield deletion(change, "");
    }
    const told = new Set(changes.hosts.filter(({ op }) => op === "delete").map(({ subject: { name } }) => name));
    for (const { op, type, name, host } of engine) {
      if (op !== "delete" || host === undefined || told.has(host) || !type.startsWith("fairhost:remote:")) continue;
      yield {
        subject: { kind: "host", name: host },
        message: `The delivery of ${host} (${name}) is deleted: every unit of its accounts stops.`,
        approval: { action: "delete", resource: `delivery ${host}` },
      };
    }
  },
};

function account(change: Change<"accounts">): Finding {
  const { number, name, protect, limits } = change.before!;
  if (protect) {
    return { subject: change.subject, message: `Account ${number} (${name}) is protected and would be deleted.` };
  }
  return deletion(change, ` (${name}), with up to ${limits.diskGb} GB`);
}

function deletion(change: Change, more: string): Finding {
  const { kind, name } = change.subject;
  return {
    subject: change.subject,
    message: `Deletes ${nameOf(change.subject)}${more}.`,
    approval: { action: "delete", resource: `${kind} ${name}` },
  };
}
