import { resyncMinutes, swappedDisks } from "../../components/host/hardware/disks.ts";
import { accountsOn } from "../../components/registry/change.ts";
import { subject } from "../../components/registry/subject.ts";
import { count } from "../../lib/text/text.ts";
import { isReplacement } from "../engine/engine-step.ts";
import type { GuardRule } from "../rule.ts";

/** Hardware that holds data, and resources that Pulumi would replace. */
export const nothingReplaced: GuardRule = {
  name: "nothing-replaced",
  theme: "data",
  description: "A disk, a host's machine or a Pulumi resource is replaced only with approval.",
  reason: "A replacement is also a deletion: everything on the old one is lost.",
  fix: "If intended, add an approval to approvals.yaml; otherwise restore the old serial or name.",
  *find({ changes, before, engine }) {
    for (const change of changes.hosts) {
      if (change.op !== "update") continue;
      const { before: was, after: is } = change;
      const served = count(accountsOn(before.declaration, is.name).length, "account");
      const approval = { action: "replace", resource: `host ${is.name}` } as const;
      if (was.serial !== is.serial) {
        yield {
          subject: subject.host(is, "serial"),
          message: `Replaces the machine of ${is.name}, which has ${served}.`,
          approval,
        };
        continue;
      }
      const swapped = swappedDisks(was, is);
      if (swapped.length === 0) continue;
      const minutes = Math.max(...swapped.map(({ sizeGb }) => resyncMinutes(sizeGb)));
      yield {
        subject: subject.host(is, "disks"),
        message: `Swaps ${swapped.length === 1 ? "disk" : "disks"} ${swapped.map(({ slot }) => slot).join(", ")} of ${is.name}, which has ${served}: the mirror has no redundancy while it resyncs, about ${minutes} minutes.`,
        approval,
      };
    }
    // A replacement has up to three steps. secrets-kept judges random values.
    const steps = engine.filter(({ op, type }) => isReplacement(op) && !type.startsWith("random:"));
    for (const [, [step]] of Map.groupBy(steps, ({ urn }) => urn)) {
      const { type, name, host, replaceKeys } = step!;
      const why = replaceKeys.length > 0 ? ` because of ${replaceKeys.join(", ")}` : "";
      yield {
        subject: host === undefined ? subject.register({}) : { kind: "host", name: host },
        message: `Pulumi replaces ${type} ${name}${why}: it deletes the old one, which stops everything that it runs.`,
        approval: { action: "replace", resource: `resource ${name}` },
      };
    }
  },
};
