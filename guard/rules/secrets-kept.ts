import { secretTypes } from "../../delivery/protocol/resources.ts";
import { isDeletion, isReplacement } from "../engine/engine-step.ts";
import type { GuardRule } from "../rule.ts";

const types: ReadonlySet<string> = new Set(Object.values(secretTypes));

/** A master secret changes only on purpose. */
export const secretsKept: GuardRule = {
  name: "secrets-kept",
  theme: "data",
  description: "A host's master secret is rotated only with approval.",
  reason:
    "All secrets of its accounts are derived from it: programs that still use the old ones lose access to their own data.",
  fix: "Restore `fairhost:secretEpoch`; if the rotation is intended, add an approval to approvals.yaml.",
  *find({ engine, before, after }) {
    const told = new Set<string>();
    for (const { op, type, host } of engine) {
      // The old secret of a rotation goes last (`delete-replaced`): alone it is what a killed rotation has left.
      const isRotated = op !== "delete-replaced" && isReplacement(op);
      const loses = isRotated || (isDeletion(op) && host !== undefined && after.deliveries?.has(host));
      if (loses && host !== undefined && types.has(type)) told.add(host);
    }
    for (const [host, { secretEpoch }] of after.deliveries ?? []) {
      const old = before.deliveries?.get(host)?.secretEpoch;
      if (old !== undefined && old !== secretEpoch) told.add(host);
    }
    for (const host of told) {
      yield {
        subject: { kind: "host", name: host },
        message: `Rotates the master secret of ${host}.`,
        approval: { action: "rotate-secret", resource: `host ${host}` },
      };
    }
  },
};
