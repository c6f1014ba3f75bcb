import { touches } from "../../components/change.ts";
import { subject } from "../../components/subject.ts";
import type { GuardRule } from "./guard-rule.ts";

/** What people, DNS and backups know an account by. */
export const identityKept: GuardRule = {
  name: "identity-kept",
  description:
    "An account keeps its uid, and its prefix while it stays at its site; a number once given is never free again.",
  reason:
    "DNS records, certificates, firewalls of others and files on disk name them; a number given twice gives one account another's files.",
  remediation: "Put the old value back. What has to have another identity is a new account.",
  *find({ changes }) {
    const rebased = changes.networks.find((change) => change.op === "update" && touches(change, "uidBase"));
    if (rebased?.op === "update") {
      const { before, after } = rebased;
      yield {
        subject: subject.network(after, "uidBase"),
        alsoOf: changes.accounts.flatMap(({ op, subject }) => (op === "update" ? subject : [])),
        message: `The first uid changes from ${before.uidBase} to ${after.uidBase}: every account gets another uid, and its files on hosts keep the old one. Write \`uidBase: ${before.uidBase}\` into network.yaml.`,
      };
    }
    for (const change of changes.accounts) {
      if (change.op !== "update") continue;
      // Other uids of all accounts are told once, above.
      const own = [...(rebased ? [] : ["uid", "gid"]), "user", "slice", "directory"];
      const what = own.filter((key) => touches(change, key)).join(", ");
      if (what === "") continue;
      yield { subject: change.subject, message: `Account ${change.after.number} gets another ${what}.` };
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
          message: `Site ${change.after.name} gets another prefix, ${change.after.prefix} for ${change.before.prefix}: every account there gets another address.`,
        };
      }
    }
    for (const change of changes.addresses) {
      if (change.op !== "update" || !touches(change, "prefix", "address")) continue;
      const { account, prefix } = change.after;
      // A move to another site changes it too, with an approval (moves-planned); a site's new prefix is told once, above.
      if (moved.has(account) || changes.sites.some(({ paths }) => paths.includes("prefix"))) continue;
      yield {
        subject: change.subject,
        message: `Account ${account} gets another prefix, ${prefix} for ${change.before.prefix}.`,
      };
    }
    for (const change of changes.registers) {
      if (change.op !== "update") continue;
      const left = new Set(change.after.tombstones);
      for (const number of change.before.tombstones.filter((each) => !left.has(each))) {
        yield { subject: change.subject, message: `Number ${number} of a deleted account is no longer taken.` };
      }
    }
    for (const change of changes.networks) {
      if (change.op === "update" && touches(change, "asNumber", "prefixes", "prefixes4")) {
        yield {
          subject: change.subject,
          message: `The owned ranges change from ${[...change.before.prefixes, ...change.before.prefixes4].join(", ")} to ${[...change.after.prefixes, ...change.after.prefixes4].join(", ")}.`,
          approval: { action: "renumber", resource: `network ${change.after.asNumber}` },
        };
      }
    }
    for (const change of changes.hosts) {
      if (change.op !== "update" || !touches(change, "address", "asNumber", "managementAddress")) continue;
      const what = ["address", "asNumber", "managementAddress"].filter((key) => touches(change, key)).join(", ");
      yield {
        subject: change.subject,
        message: `Host ${change.after.name} gets another ${what}.`,
        approval: { action: "renumber", resource: `host ${change.after.name}` },
      };
    }
  },
};
