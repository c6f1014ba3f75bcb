import { resyncMinutes, swappedDisks } from "../../components/host/disks.ts";
import { accountsOn } from "../../components/registry/change.ts";
import { subject } from "../../components/registry/subject.ts";
import { count } from "../../lib/text.ts";
import type { GuardRule } from "./guard-rule.ts";

/** Hardware that holds data, and resources that the engine would make anew. */
export const nothingReplaced: GuardRule = {
  name: "nothing-replaced",
  description: "A disk, a machine or a resource of the engine is replaced only with approval.",
  reason: "A replacement is a deletion with something new behind it: what was on the old one is gone.",
  remediation:
    "If it is meant, write an approval into approvals.yaml; otherwise put back what identifies it (serial, name).",
  *find({ changes, before, engine }) {
    for (const change of changes.hosts) {
      if (change.op !== "update") continue;
      const { before: was, after: is } = change;
      const served = count(accountsOn(before.declaration, is.name).length, "account");
      const approval = { action: "replace", resource: `host ${is.name}` } as const;
      if (was.serial !== is.serial) {
        yield {
          subject: subject.host(is, "serial"),
          message: `Replaces the machine of ${is.name}: ${served}.`,
          approval,
        };
        continue;
      }
      const swapped = swappedDisks(was, is);
      if (swapped.length === 0) continue;
      const minutes = Math.max(...swapped.map(({ sizeGb }) => resyncMinutes(sizeGb)));
      yield {
        subject: subject.host(is, "disks"),
        message: `Swaps ${swapped.map(({ slot }) => slot).join(", ")} of ${is.name}: ${served} on what is left of the mirror, resync about ${minutes} minutes.`,
        approval,
      };
    }
    for (const { op, type, name, host, replaceKeys } of engine) {
      // The two halves of one replacement follow the step that names it; a random value is judged by secrets-kept.
      if (op !== "replace" || type.startsWith("random:")) continue;
      const why = replaceKeys.length > 0 ? ` because of ${replaceKeys.join(", ")}` : "";
      yield {
        subject: host === undefined ? subject.register({}) : { kind: "host", name: host },
        message: `The engine replaces ${type} ${name}${why}: it deletes the old one, which stops what it runs.`,
        approval: { action: "replace", resource: `resource ${name}` },
      };
    }
  },
};
