import { type Change, touches } from "../../components/registry/change.ts";
import { fieldWords } from "../../components/registry/fields/field-changes.ts";
import { fieldAt } from "../../components/registry/fields/field-words.ts";
import type { Key } from "../../components/registry/kind.ts";
import { nameOf, subject } from "../../components/registry/subject.ts";
import { weakened } from "../change/weakened.ts";
import type { GuardRule } from "../rule.ts";

/** The identity by which people, DNS and backups know an account. */
export const identityKept: GuardRule = {
  name: "identity-kept",
  theme: "data",
  description:
    "A fleet keeps its identity; an account keeps its uid, and keeps its prefix as long as it stays at its site; an account number is never reused. The identity of anything else changes only with approval. What is on record as having happened, as the day of a deletion, has happened.",
  reason:
    "DNS records, certificates, other people's firewalls and files on disk refer to them; a reused number would give one account another account's files.",
  fix: "Restore the old value. If another identity is needed, create a new account.",
  lists: ["identity"],
  *find({ changes }) {
    const rebased = changes.networks.find((change) => change.op === "update" && touches(change, "uidBase"));
    if (rebased?.op === "update") {
      const { before, after } = rebased;
      yield {
        subject: subject.network(after, "uidBase"),
        alsoOf: changes.accounts.flatMap(({ op, subject }) => (op === "update" ? subject : [])),
        message: `Changes the first uid from ${before.uidBase} to ${after.uidBase}: every account gets a new uid, but its files on the hosts keep the old one. Write \`uidBase: ${before.uidBase}\` into network.yaml.`,
      };
    }
    for (const change of changes.accounts) {
      if (change.op !== "update") continue;
      // When the uids of all accounts change, that is one finding, above.
      const own = [...(rebased ? [] : ["uid", "gid"]), "user", "slice", "directory"];
      const what = wordsOf(own.filter((key) => touches(change, key)));
      if (what === "") continue;
      yield { subject: change.subject, message: `Changes ${what} of account ${change.after.number}.` };
    }
    const moved = new Set(
      changes.accounts.flatMap(({ before, after }) =>
        before && after && before.host !== after.host ? after.number : [],
      ),
    );
    for (const change of changes.sites) {
      if (change.op === "update" && touches(change, "prefix")) {
        yield {
          subject: subject.site(change.after, "prefix"),
          message: `Changes the prefix of site ${change.after.name} from ${change.before.prefix} to ${change.after.prefix}: every account there gets a new address.`,
        };
      }
    }
    for (const change of changes.addresses) {
      if (change.op !== "update" || !touches(change, "prefix", "address")) continue;
      const { account, prefix } = change.after;
      // A move to another site changes it too and needs its own approval (moves-planned). A new prefix of a site is one finding, above.
      if (moved.has(account) || changes.sites.some(({ paths }) => paths.includes("prefix"))) continue;
      yield {
        subject: change.subject,
        message: `Changes the prefix of account ${account} from ${change.before.prefix} to ${prefix}.`,
      };
    }
    for (const change of changes.registers) {
      if (change.op !== "update") continue;
      const left = new Set(change.after.tombstones);
      for (const number of change.before.tombstones.filter((each) => !left.has(each))) {
        yield {
          subject: change.subject,
          message: `Removes number ${number} from the tombstones: a new account could get the number of a deleted one.`,
        };
      }
    }
    for (const { op, before, after } of changes.networks) {
      if (op !== "update" || before?.fleet === undefined || before.fleet === after?.fleet) continue;
      yield {
        subject: subject.network(after, "fleet"),
        message: `Changes the identity of the fleet from ${before.fleet} to ${after.fleet ?? "none"}.`,
        approval: { action: "renumber", resource: `fleet ${before.fleet}` },
      };
    }
    for (const change of changes.networks) {
      if (change.op !== "update") continue;
      const [was, is] = [change.before, change.after].map(({ prefixes, prefixes4 }) => [...prefixes, ...prefixes4]);
      // In another order they are the same ranges.
      if (was!.toSorted().join() === is!.toSorted().join()) continue;
      yield {
        subject: change.subject,
        message: `Changes the ranges of the platform's network from ${was!.join(", ")} to ${is!.join(", ")}.`,
        approval: { action: "renumber", resource: `network ${change.after.asNumber}` },
      };
    }
    for (const change of changes.hosts) {
      if (change.op !== "update" || !touches(change, "address", "asNumber", "managementAddress")) continue;
      const what = wordsOf(["address", "asNumber", "managementAddress"].filter((key) => touches(change, key)));
      yield {
        subject: change.subject,
        message: `Changes ${what} of host ${change.after.name}.`,
        approval: { action: "renumber", resource: `host ${change.after.name}` },
      };
    }
    for (const change of (Object.keys(changes) as Key[]).flatMap((kind): readonly Change[] => changes[kind])) {
      const other = weakened(change, "identity");
      if (other.length === 0) continue;
      const { kind, name } = change.subject;
      yield {
        subject: { kind, name, path: other[0]!.path },
        message: `Changes the identity of ${nameOf({ kind, name })}: ${other.map(fieldWords).join(", ")}.`,
        approval: { action: "renumber", resource: `${kind} ${name}` },
      };
    }
  },
};

function wordsOf(fields: readonly string[]): string {
  return fields.map((field) => fieldAt(field).words).join(", ");
}
