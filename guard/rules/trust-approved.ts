import type { Change } from "../../components/registry/change.ts";
import { type FieldChange, fieldChanges, fieldWords } from "../../components/registry/fields/field-changes.ts";
import type { Key, Kind } from "../../components/registry/kind.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { nameOf, ownerOf, subject } from "../../components/registry/subject.ts";
import { unprotected } from "../change/unlocked.ts";
import { weakened } from "../change/weakened.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Who is trusted, and where root logs in. */
export const trustApproved: GuardRule = {
  name: "trust-approved",
  theme: "isolation",
  description:
    "Approval is needed to change: where root logs in, a host's key, who may log in to an account or see a web site, what firewalls let through, who issues certificates, and how much one change may do.",
  reason:
    "The next deploy hands a root session, an account's files or the certificate of every host name to whoever has the new address or key.",
  fix: "Compare the address and the key with the host's console, or ask the account's owner whose key it is; then let somebody else add an approval to approvals.yaml.",
  lists: ["trust"],
  *find({ changes, before, after }) {
    const { networks, accounts } = before.declaration;
    const there = new Set(accounts.map(({ number }) => number));
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const { accountOf } = kinds[change.kind] as Kind;
      // A new fleet has nothing that could be compared; what comes with a new account has nobody to protect from it.
      const isNew = networks.length === 0 || (accountOf && change.after && !there.has(accountOf(change.after)));
      if (change.op === "create" && !isNew) yield* arrived(change);
      const trusted = weakened(change, "trust");
      if (trusted.length === 0) continue;
      yield finding(change, trusted[0]!.path, `${ownerOf(change.subject)} changes ${said(trusted)}.`);
    }
    for (const { server, what } of unprotected(changes, before, after, "passwords")) {
      const about = { subject: subject.httpServer(server) };
      yield finding(about, "passwords", `${ownerOf(about.subject)} changes who is trusted: visitors ${what}.`);
    }
  },
};

/** What comes and brings somebody who is trusted. */
function* arrived(change: Change & { op: "create" }): Generator<Finding> {
  if (change.kind === "hosts" || change.kind === "routers") {
    if (change.after.ssh === undefined) return;
    const { address, port, hostKey } = change.after.ssh;
    const known = hostKey === undefined ? "by a key that the inventory does not have" : `by ${hostKey}`;
    const message = `Root logs in to new ${nameOf(change.subject)} at ${address} port ${port}, known ${known}.`;
    yield finding(change, "ssh", message);
    return;
  }
  const trusted = fieldChanges((kinds[change.kind] as Kind).inputs, {}, change.after).filter(isTrust);
  if (trusted.length === 0) return;
  yield finding(change, trusted[0]!.path, `New ${nameOf(change.subject)} changes ${said(trusted)}.`);
}

/** Fields by what each of them means. */
function said(trusted: readonly FieldChange[]): string {
  const words = [...Map.groupBy(trusted, ({ judged }) => judged.means ?? "who is trusted")];
  return words.map(([means, fields]) => `${means}: ${fields.map(fieldWords).join(", ")}`).join("; ");
}

function isTrust({ judged, is }: FieldChange): boolean {
  return judged.class === "trust" && judged.judged === undefined && is !== undefined;
}

function finding({ subject: { kind, name } }: Pick<Change, "subject">, path: string, message: string): Finding {
  return { subject: { kind, name, path }, message, approval: { action: "trust", resource: `${kind} ${name}` } };
}
