import type { GuardRule } from "./guard-rule.ts";

/** A master secret changes on purpose only. */
export const secretsKept: GuardRule = {
  name: "secrets-kept",
  description: "A host's master secret is made anew only with approval.",
  reason:
    "Every secret of its accounts follows from it: programs that keep the old one are locked out of their own data.",
  remediation: "Put `fairhost:secretEpoch` back; if the rotation is meant, write an approval into approvals.yaml.",
  *find({ engine, before, after }) {
    const told = new Set<string>();
    for (const { op, type, host } of engine) {
      if (op === "replace" && type === "random:index/randomBytes:RandomBytes" && host !== undefined) told.add(host);
    }
    for (const [host, { secretEpoch }] of after.deliveries ?? []) {
      const old = before.deliveries?.get(host)?.secretEpoch;
      if (old !== undefined && old !== secretEpoch) told.add(host);
    }
    for (const host of told) {
      yield {
        subject: { kind: "host", name: host },
        message: `The master secret of ${host} is made anew.`,
        approval: { action: "rotate-secret", resource: `host ${host}` },
      };
    }
  },
};
