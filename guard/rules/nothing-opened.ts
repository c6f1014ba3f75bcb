import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import {
  mayFollow,
  mayHave,
  notOwn,
  type Owner,
  onlyFollows,
  otherParts,
  ownerOf,
} from "../../components/registry/bundle/own-files.ts";
import { subject } from "../../components/registry/subject.ts";
import { listed } from "../../lib/text/text.ts";
import { changedAccounts } from "../change/changed-accounts.ts";
import type { FileChange, GroupChange, HostChange, UnitChange } from "../change/effects/host-change.ts";
import type { Side } from "../change/side.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Most of a thousand accounts' files that one sentence names; those of the host itself are all named. */
const mostOfAccounts = 12;

/** Protection against the outside, and of accounts against each other. */
export const nothingOpened: GuardRule = {
  name: "nothing-opened",
  theme: "isolation",
  description:
    "Changes of a host's own files, of open ports and of the sandbox need approval. A file of an account contains only settings of that account.",
  reason:
    "The host's own files are read by root or decide who is reached: one wrong line there can expose every account of a host, and nobody notices because everything still works.",
  fix: "Have somebody review the changed file line by line, then add an approval to approvals.yaml.",
  *find({ changes, hosts, before, after }) {
    for (const { op, before, after } of changes.frontEnds) {
      if (op !== "update" || !before || !after) continue;
      const opened = after.ports.filter((port) => !before.ports.includes(port));
      if (opened.length > 0) yield open(after.host, `Opens port ${opened.join(", ")} of ${after.host} to the outside.`);
    }
    const moved = goneFrom(hosts);
    const left = new Set(after.declaration.hosts.map(({ name }) => name));
    // All hosts that keep backups of an account have the same changes of it.
    const known = new Map<GroupChange["files"], Boundary[]>();
    const hasChanged = changedAccounts(changes);
    const boundariesOf = (each: Owned) => {
      const { files } = each.group;
      const boundaries = known.get(files) ?? boundariesIn(each, moved, hasChanged, (name) => left.has(name));
      known.set(files, boundaries);
      return boundaries;
    };
    const whole = new Set(changes.hosts.flatMap(({ op, subject }) => (op === "update" ? [] : [subject.name])));
    for (const { host, groups } of hosts) {
      // A new or removed host brings or takes its own boundaries; what its accounts have is judged as anywhere.
      const judged = groups
        .filter(({ group }) => group !== "host" || !whole.has(host))
        .map((group) => ({ group, owner: owning(group, after), previous: owning(group, before) }));
      const files = judged.flatMap(boundariesOf);
      for (const [verb, ofKind] of Map.groupBy(files, verbFor)) {
        yield open(host, `${verb} security files of ${host}: ${named(ofKind)}.`);
      }
      const units = judged.flatMap(unitsIn);
      if (units.length > 0) yield open(host, `Changes what runs on ${host}: ${units.join(", ")}.`);
      for (const [what, ofKind] of Map.groupBy(judged, otherRights)) {
        if (what === undefined) continue;
        const numbers = ofKind.map(({ group }) => numberOf(group));
        yield open(
          host,
          `Changes ${what} of ${numbers.length === 1 ? "account" : "accounts"} ${listed(numbers.map(String))} on ${host}.`,
        );
      }
    }
  },
};

function numberOf({ group }: Pick<GroupChange, "group">): number {
  return Number(group.slice("account-".length));
}

/** The account that a group belongs to; undefined for the host's own, and for one that nobody declares. */
function owning(group: GroupChange, { declaration }: Side): Owner | undefined {
  return group.group === "host" ? undefined : ownerOf(declaration, numberOf(group));
}

/** A group, with its account on each side. */
interface Owned {
  readonly group: GroupChange;
  readonly owner: Owner | undefined;
  readonly previous: Owner | undefined;
}

/** The files of accounts that leave a host, by group, sorted by path: for another host they are nothing new. */
type Moved = ReadonlyMap<string, readonly FileChange[]>;

function goneFrom(hosts: readonly HostChange[]): Moved {
  const gone = hosts.flatMap(({ groups }) => groups.filter(({ group, whole }) => group !== "host" && whole === "goes"));
  return new Map(gone.map(({ group, files }) => [group, files]));
}

type Boundary = FileChange & { readonly what: string; readonly isOfHost: boolean };

/** The files of a group that are boundaries: of an account all that is not its own, of the host all. */
function boundariesIn(
  { group: { group, whole, files }, owner, previous }: Owned,
  moved: Moved,
  hasChanged: ReturnType<typeof changedAccounts>,
  hasHost: (name: string) => boolean,
): Boundary[] {
  if (whole === "goes" && group !== "host") return [];
  const others = otherParts(owner, previous, (source) => hasChanged(numberOf({ group }), source));
  const gone = moved.get(group) ?? [];
  let position = 0;
  const isOfHost = group === "host";
  const found: Boundary[] = [];
  for (const file of files) {
    const { path, after, modes } = file;
    // Both lists are in the order of their paths.
    while (position < gone.length && gone[position]!.path < path) position++;
    const before = file.before ?? (gone[position]?.path === path ? gone[position]!.before : undefined);
    const of = after === undefined ? previous : owner;
    if (of === undefined) {
      if (isOfHost && modes === undefined && onlyFollows(path, after, bundleFolders, hasHost)) continue;
      found.push({ ...file, what: path, isOfHost });
      continue;
    }
    // A mode that takes rights away opens nothing.
    const isPlain = after === undefined || modes === undefined || (modes[1] & ~modes[0]) === 0;
    if (isPlain && after === before && !mayFollow(path, others, bundleFolders)) continue;
    const why = isPlain
      ? notOwn(path, after, of, bundleFolders, before === undefined ? undefined : { text: before, others })
      : `mode ${modes[1].toString(8)}`;
    if (why !== undefined) found.push({ ...file, what: `${path} (${why})`, isOfHost });
  }
  return found;
}

/** Changed units of the host, and units of an account's group that are not the account's, unless a file of theirs is named already. */
function unitsIn({ group: { group, units, files }, owner, previous }: Owned): string[] {
  const of = owner ?? previous;
  if (group !== "host") {
    const isOwn = (name: string) => of !== undefined && mayHave(`systemd/${name}`, of, bundleFolders);
    return units.flatMap(({ name }) => (isOwn(name) ? [] : [name]));
  }
  const own = new Set(files.map(({ path }) => path));
  return units.filter(({ name }) => !own.has(`systemd/${name}`)).map(wanted);
}

function wanted({ name, before, after }: UnitChange): string {
  return `${name} (${before ?? "not there"}, then ${after ?? "not there"})`;
}

/** What of an account's directories root would treat in another way, in words. */
function otherRights({ group, owner }: Owned): string | undefined {
  const [before, after] = group.account ?? [];
  if (after === undefined) return undefined;
  const { number, uid, gid, directory, directories, quotas = [] } = after;
  const isOwn = owner?.account.uid === uid && gid === uid && directory === `/srv/accounts/${number}`;
  if (!isOwn) return "the owner of the files";
  if (before === undefined) return undefined;
  if (JSON.stringify(before.directories) !== JSON.stringify(directories)) return "the directories";
  return quotas.length < (before.quotas ?? []).length ? "the disk limits" : undefined;
}

function named(files: readonly Boundary[]): string {
  const [own, others] = [true, false].map((ofHost) => files.filter(({ isOfHost }) => isOfHost === ofHost));
  const shown = [...own!, ...others!.slice(0, mostOfAccounts)].map(({ what }) => what).join(", ");
  return others!.length > mostOfAccounts ? `${shown} and ${others!.length - mostOfAccounts} more of accounts` : shown;
}

function verbFor({ before, after }: FileChange): string {
  return before === undefined ? "Adds" : after === undefined ? "Removes" : "Changes";
}

function open(host: string, message: string): Finding {
  return { subject: subject.host({ name: host }), message, approval: { action: "open", resource: `host ${host}` } };
}
