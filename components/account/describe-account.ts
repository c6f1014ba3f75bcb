import { keptDays } from "../../delivery/protocol/restores.ts";
import { once } from "../../lib/once.ts";
import { count } from "../../lib/text/text.ts";
import { restoreInWords } from "../backup/restore-request.ts";
import { describeRules } from "../firewall/describe-rules.ts";
import { limitNames } from "../plan/each-limit.ts";
import { type Change, type Describe, differences, type Effect, effect, touches } from "../registry/change.ts";
import { fieldWords } from "../registry/fields/field-changes.ts";
import { fieldAt } from "../registry/fields/field-words.ts";
import type { Hostless } from "../registry/kind.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

type Account = Hostless<"accounts">;

const addresses = once(({ addresses: all }: Declaration) => new Map(all.map((address) => [address.account, address])));

const lostHosts = once(
  ({ hosts }: Declaration): ReadonlySet<string> =>
    new Set(hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name))),
);

/** Describes the effects of a change of an account. */
export const describeAccount: Describe<"accounts"> = (change, { before, after, ownOf }) => {
  const { subject, op } = change;
  const account = change.after ?? change.before;
  const who = `account ${account.number} (${account.name})`;
  const own = [account.number];
  if (op === "create") {
    const has = ownOf(after, account.number);
    const prefix = addresses(after).get(account.number)?.prefix ?? "no prefix";
    const asleep = account.suspended ? `; it is suspended (${account.suspended.reason}), so nothing of it runs` : "";
    const sentence = `Creates ${who} on ${account.host}, plan ${account.plan}, ${prefix}${has === "" ? "" : `, ${has}`}${asleep}.`;
    return [effect(subject, sentence, own)];
  }
  if (op === "delete") {
    const had = ownOf(before, account.number);
    const gone = had === "" ? "the prefix is" : `${had} and the prefix are`;
    const sentence = `Deletes ${who}: ${gone} removed; its data, up to ${account.limits.diskGb} GB, stays on ${account.host} until you archive and remove it there; it is no longer backed up.`;
    return [effect(subject, sentence, own, { destroys: true })];
  }
  return describeUpdate(change, who, lostHosts(after));
};

/**
 * Seconds for which an account that moves does not answer: stop, the rest of its files, start. Measured: 2 s, and 1 s more for each 10 MB of databases
 * (docs/decisions/0050). How large they are, only the host knows; 100 MB are assumed here, and the sentence says how much more each takes.
 */
const moveSeconds = 12;

function describeUpdate(
  change: Change<"accounts"> & { readonly op: "update" },
  who: string,
  lost: ReadonlySet<string>,
): Effect[] {
  const { subject, before: was, after: is } = change;
  const effects: Effect[] = [];
  const say = (sentence: string, more: Partial<Effect> = {}) =>
    effects.push(effect(subject, sentence, [is.number], more));
  if (was.host !== is.host) {
    const sentence = `Moves ${who} from ${was.host} to ${is.host}; uid and number stay.`;
    const data = `Its data, up to ${was.limits.diskGb} GB,`;
    if (lost.has(was.host)) {
      const restored =
        was.suspended || is.suspended
          ? `is not restored, as it is suspended`
          : `is restored by \`guard deploy\` from its newest backup; what came later is lost`;
      say(`${sentence} ${was.host} is lost. ${data} ${restored}.`, { destroys: true });
    } else if (was.suspended || is.suspended) {
      say(`${sentence} ${data} is not copied, as it is suspended: archive it before, and restore it there.`, {
        destroys: true,
      });
    } else {
      say(
        `${sentence} ${data} is copied by \`guard deploy\` while it runs; it is down for about 2 s, and 1 s more for each 10 MB of databases.`,
        { seconds: moveSeconds },
      );
    }
  }
  if (was.plan !== is.plan) say(`Changes the plan of ${who} from ${was.plan} to ${is.plan}.`);
  const changed = changedLimits(was, is);
  if (changed.length > 0) say(`Limits of ${who}: ${changed.join(", ")}.`);
  const own = ownLimits(was, is);
  if (own !== "") say(`Own limits of ${who}: ${own}.`);
  if (was.name !== is.name) say(`Renames account ${is.number} from ${was.name} to ${is.name}.`);
  if (!was.suspended && is.suspended) {
    say(
      `Suspends ${who} (${is.suspended.reason}): all its programs stop, its web sites answer 503, and its data is kept.`,
    );
  } else if (was.suspended && !is.suspended) {
    say(`Resumes ${who}: everything declared of it runs again.`);
  } else if (touches(change, "suspended")) {
    say(`Changes the note on the suspension of ${who}: nothing changes on ${is.host}.`);
  }
  if (was.protect !== is.protect) {
    say(
      is.protect ? `Protects ${who} from deletion.` : `Removes the protection of ${who}: a later change can delete it.`,
    );
  }
  if (touches(change, "backup")) {
    const isProof = was.backup && is.backup && was.backup.proofDays !== is.backup.proofDays;
    const [old, next] = [was.backup, is.backup].map((backup) => {
      if (!backup) return "none";
      const proof = isProof && backup.proofDays ? `, proofs at most ${count(backup.proofDays, "day")} old` : "";
      return `${count(backup.retentionDays, "day")} at ${backup.site}${proof}`;
    });
    say(`Changes the backups of ${who} from ${old} to ${next}.`);
  }
  if (touches(change, "standby")) {
    say(`Changes the standby of ${who} from ${was.standby ?? "none"} to ${is.standby ?? "none"}.`);
  }
  if (touches(change, "restore")) {
    if (is.restore === undefined) {
      say(`Removes restore ${was.restore!.id} of ${who} from the inventory: nothing changes on ${is.host}.`);
    } else {
      const kept = `what is there is kept beside for ${count(keptDays, "day")}`;
      say(
        `Restores ${restoreInWords(is.restore)} of ${who} on ${is.host}, in place: what was written since is lost, and ${kept}.`,
        { destroys: true },
      );
    }
  }
  for (const sentence of describeRules(who, was.firewall, is.firewall)) say(sentence);
  const said = [
    "firewall",
    "host",
    "plan",
    "limits",
    "ownLimits",
    "name",
    "protect",
    "suspended",
    "backup",
    "standby",
    "restore",
    "waivers",
  ];
  const rest = change.paths.filter((path) => !said.includes(path.split(".")[0]!));
  if (rest.length > 0) say(`Changes ${who}: ${differences(change, rest)}.`);
  return effects;
}

/** One each. */
function changedLimits(was: Account, is: Account): string[] {
  return limitNames
    .filter((name) => was.limits[name] !== is.limits[name])
    .map((name) => fieldWords({ steps: [name], was: was.limits[name], is: is.limits[name] }));
}

/** Which limits an account has of its own, and no longer by its plan, or the other way round: `memory added; CPU weight removed`. */
function ownLimits({ ownLimits: was = [] }: Account, { ownLimits: is = [] }: Account): string {
  const words = (these: readonly string[], others: readonly string[]) =>
    these.filter((name) => !others.includes(name)).map((name) => fieldAt(name).words);
  const [added, removed] = [words(is, was), words(was, is)];
  return [
    ...(added.length > 0 ? [`${added.join(", ")} added`] : []),
    ...(removed.length > 0 ? [`${removed.join(", ")} removed, so those of its plan hold`] : []),
  ].join("; ");
}
