import type { Change } from "../../components/registry/change.ts";
import { fieldWords } from "../../components/registry/field-changes.ts";
import type { Key } from "../../components/registry/kind.ts";
import { nameOf } from "../../components/registry/subject.ts";
import { weakened } from "../change/weakened.ts";
import type { GuardRule } from "../rule.ts";

/** Who is trusted, and where root logs in. */
export const trustApproved: GuardRule = {
  name: "trust-approved",
  theme: "isolation",
  description:
    "Where root logs in, which key a host is known by and how much one change may do is changed only with approval.",
  reason:
    "The next deploy hands a root session, and all that the host may know, to whoever answers there with that key.",
  fix: "Compare the address and the key with the host's console, then let somebody else add an approval to approvals.yaml.",
  *find({ changes, before }) {
    const isFirst = before.declaration.networks.length === 0;
    for (const { op, subject: about, after } of changes.hosts) {
      // A new fleet has nothing that could be compared.
      if (op !== "create" || isFirst || after.ssh === undefined) continue;
      const { address, port, hostKey } = after.ssh;
      const known = hostKey === undefined ? "by a key that the inventory does not have" : `by ${hostKey}`;
      yield {
        subject: { ...about, path: "ssh" },
        message: `Root logs in to new host ${after.name} at ${address} port ${port}, known ${known}.`,
        approval: { action: "trust", resource: `host ${after.name}` },
      };
    }
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const trusted = weakened(change, "trust");
      if (trusted.length === 0) continue;
      const { kind, name } = change.subject;
      yield {
        subject: { kind, name, path: trusted[0]!.path },
        message: `Changes where root logs in for ${nameOf({ kind, name })}, or the key it is known by: ${trusted.map(fieldWords).join(", ")}.`,
        approval: { action: "trust", resource: `${kind} ${name}` },
      };
    }
  },
};
