import { restoreInWords, restoreResource } from "../../components/backup/restore-request.ts";
import type { Change } from "../../components/registry/change.ts";
import { accountsOn } from "../../components/registry/change.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { allKinds, nameOf } from "../../components/registry/subject.ts";
import { roleOf } from "../../delivery/protocol/resources.ts";
import { keptDays } from "../../delivery/protocol/restores.ts";
import { byKey } from "../../lib/lists.ts";
import { lazy } from "../../lib/once.ts";
import { count, listed } from "../../lib/text/text.ts";
import { isDeletion } from "../engine/engine-step.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Data, and whatever carries accounts, is deleted only on purpose. */
export const dataKept: GuardRule = {
  name: "data-kept",
  theme: "data",
  description:
    "Deleting data, putting a backup in its place, or deleting anything that accounts run on, needs approval. A protected account is never deleted, and limits.yaml limits how many accounts one change may delete.",
  reason: "A file lost in a merge looks like an intended deletion, and deleted data cannot be brought back.",
  fix: "If intended, add an approval to approvals.yaml. An approval of a restore names account, id, backup and what is restored. To delete a protected account, set `protect: false`, deploy, then delete it.",
  *find({ changes, before, after, engine, limits }) {
    const gone = changes.accounts.filter(({ op }) => op === "delete");
    const everywhere = lazy(() => byKey((after.whole ?? after.declaration).accounts, ({ number }) => number));
    for (const change of gone) yield account(change, everywhere().get(change.before!.number)?.host);
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
          message: `Renames host ${change.before.name} to ${renamed.name}: Pulumi will delete the old host and create a new one, and ${count(left.length, "account")} will be down. Keep the name.`,
        };
      } else yield deletion(change, left.length > 0 ? `, with ${count(left.length, "account")} on it` : "");
    }
    for (const change of changes.accounts) yield* restored(change);
    const deleted = new Set(gone.map(({ before: account }) => account!.number));
    for (const { key, deletion: asks, accountOf } of allKinds as readonly Kind[]) {
      // Accounts and hosts are handled above.
      if (asks !== "approval" || key === "accounts" || key === "hosts") continue;
      for (const change of changes[key] as readonly Change[]) {
        if (change.op !== "delete") continue;
        // What goes with its account is judged with it.
        if (accountOf && deleted.has(accountOf(change.before))) continue;
        yield deletion(change, "");
      }
    }
    const told = new Set(changes.hosts.filter(({ op }) => op === "delete").map(({ subject: { name } }) => name));
    const parts = engine.filter(({ op, type, name, host }) => {
      if (!isDeletion(op) || host === undefined || told.has(host)) return false;
      const role = roleOf(host, type, name);
      // secrets-kept judges the master secret.
      return role !== undefined && role !== "master-secret";
    });
    for (const [host, deleted] of Map.groupBy(parts, (part) => part.host!)) {
      const names = deleted.map(({ name }) => name).sort();
      // The bootstrap command alone has no command for its deletion.
      const stops = deleted.some(({ type, name }) => roleOf(host, type, name) !== "bootstrap");
      yield {
        subject: { kind: "host", name: host },
        message: `Deletes ${listed(names)} of the delivery to ${host}: ${stops ? "all units of its accounts stop" : "the applier is no longer kept up to date"}.`,
        approval: { action: "delete", resource: `delivery ${host}` },
      };
    }
  },
};

/** An account that gets back what a backup has: in the place of what is there. */
function* restored({ subject: about, before: was, after: is }: Change<"accounts">): Generator<Finding> {
  if (is?.restore === undefined) return;
  const { restore, number, name, host } = is;
  const refused = (message: string): Finding => ({ subject: { ...about, path: "restore" }, message });
  if (was === undefined) {
    yield refused(
      `Account ${number} (${name}) is new on ${host} and asks for restore ${restore.id}, which no host would do: remove \`restore\`, deploy, then add it with a new id.`,
    );
    return;
  }
  if (JSON.stringify(was.restore) === JSON.stringify(restore)) return;
  if (was.restore?.id === restore.id) {
    yield refused(
      `Changes restore ${restore.id} of account ${number} (${name}) without a new id, so ${host} would do nothing: give it a new id.`,
    );
  } else if (was.host !== host) {
    yield refused(
      `Asks for restore ${restore.id} of account ${number} (${name}) while it moves from ${was.host} to ${host}, so no host would do it: deploy the move first.`,
    );
  } else {
    yield {
      subject: { ...about, path: "restore" },
      message: `Restore ${restore.id} puts ${restoreInWords(restore)} in the place of what account ${number} (${name}) has on ${host} now: all that it has written there since is lost, but for a copy that ${host} keeps for ${count(keptDays, "day")}.`,
      approval: { action: "restore", resource: restoreResource(number, restore) },
    };
  }
}

/** @param elsewhere the host in another cell that has it from now on */
function account(change: Change<"accounts">, elsewhere: string | undefined): Finding {
  const { number, name, protect, limits } = change.before!;
  if (protect) {
    const why = elsewhere === undefined ? "" : `: it moves to ${elsewhere}, which is in another cell`;
    return { subject: change.subject, message: `Account ${number} (${name}) is protected and would be deleted${why}.` };
  }
  return deletion(change, ` (${name}), with up to ${limits.diskGb} GB of data`);
}

function deletion(change: Change, more: string): Finding {
  const { kind, name } = change.subject;
  return {
    subject: change.subject,
    message: `Deletes ${nameOf(change.subject)}${more}.`,
    approval: { action: "delete", resource: `${kind} ${name}` },
  };
}
