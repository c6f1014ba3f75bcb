import { isDeepStrictEqual } from "node:util";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { onlyFollows } from "../../../components/registry/bundle/own-files.ts";
import type { Change } from "../../../components/registry/change.ts";
import type { Kind } from "../../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../../components/registry/kinds.generated.ts";
import type {
  Bundle,
  BundleAccount,
  BundleFile,
  BundleGroup,
  BundleUnit,
  Group,
} from "../../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../../delivery/protocol/digest.ts";
import { type Extract, partName, type Rendered, rendersAlone } from "../../../delivery/render-bundle.ts";
import { mayNeedPackages, usedPackages } from "../../../delivery/used-packages.ts";
import { type Changes, type ChosenHooks, chooseHooks, isEmpty } from "../../../host/apply/hooks/choose.ts";
import { modeOf, sameFile } from "../../../host/store/generations.ts";
import { inOrder } from "../../../lib/in-order.ts";
import type { EngineStep } from "../../engine/engine-step.ts";
import type { Side } from "../side.ts";

/** One file of a host before and after; `undefined` on a side without it. */
export interface FileChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Its permission bits on each side, unless both are 0644. */
  readonly modes?: readonly [before: number, after: number];
}

/** A unit that comes, goes, or is wanted in another way. */
export interface UnitChange {
  readonly name: string;
  readonly before: BundleUnit["want"] | undefined;
  readonly after: BundleUnit["want"] | undefined;
}

export interface GroupChange {
  readonly group: Group;
  readonly files: readonly FileChange[];
  readonly units: readonly UnitChange[];
  /** The account's directories with their owner and quotas on both sides, if these differ. */
  readonly account?: readonly [before: BundleAccount | undefined, after: BundleAccount | undefined];
  /** Whether the whole group comes or goes. */
  readonly whole?: "comes" | "goes";
}

/** What a deployment changes on one host, or on one router that deploys deliver to. */
export interface HostChange {
  /** Its name. */
  readonly host: string;
  /** Groups whose files or units differ. `host`: the host's own. */
  readonly groups: readonly GroupChange[];
  /** Hooks that the applier will run for it, from the applier's own planner. */
  readonly hooks: ChosenHooks;
  /** Whether the applier or the bootstrap changes. */
  readonly applier: boolean;
  /** Debian packages that are installed because something declared on the host is the first to use them; absent if none. */
  readonly packages?: readonly string[];
  /** Why the rest is unknown: a side's declaration is incomplete (an older program's state, a broken reference). */
  readonly unknown?: string;
  /**
   * Pulumi delivers to the host for a reason that the declarations do not show. `again`: the same delivery as in the state, after a
   * failure, for a repair or over another connection. `anew`: another program, master secret or host; any file may change.
   */
  readonly redelivered?: "again" | "anew";
}

/** Whether the host's own files or its applier change or may change, not only files of accounts. */
export function touchesHost(change: HostChange): boolean {
  return change.redelivered === "again" || touchesResidents(change);
}

/**
 * Whether all accounts of the host may notice. A delivery made again does not count: its effects were counted when it was first
 * judged, and the limits must never keep a killed deploy from being finished.
 */
export function touchesResidents({ groups, applier, redelivered, unknown }: HostChange): boolean {
  return applier || redelivered === "anew" || unknown !== undefined || groups.some(concernsAll);
}

/** Files that only follow are read by nobody on the host itself. */
function concernsAll({ group, files, units, account, whole }: GroupChange): boolean {
  if (group !== "host") return false;
  const follow = ({ path, after, modes }: FileChange) => !modes && onlyFollows(path, after, bundleFolders);
  return files.length === 0 || !files.every(follow) || units.length > 0 || Boolean(account ?? whole);
}

/**
 * Differences on each host, file by file. Only hosts, accounts and HTTP servers with a change are rendered; all of them if the
 * programs of the two sides render differently.
 */
export function hostChanges(
  before: Side,
  after: Side,
  changes: readonly Change[],
  engine: readonly EngineStep[] = [],
): HostChange[] {
  const delivered = new Set(engine.flatMap(({ host, type }) => (type.startsWith("fairhost:") ? [] : (host ?? []))));
  const scope = before.render === after.render ? scopeOf(changes, before, after) : undefined;
  const rendered: Rendered | undefined = scope && new Map();
  const names = new Set([...before.declaration.hosts, ...after.declaration.hosts].map(({ name }) => name));
  // Nothing is delivered to these.
  for (const { name, lost } of after.declaration.hosts) if (lost !== undefined) names.delete(name);
  // Those that keep backups have the same of each account. It is not remembered of others, which have files of their own accounts.
  const keepers = new Set(after.declaration.hosts.flatMap(({ name, role }) => (role === "backup" ? name : [])));
  const compareKept = comparedOnce();
  const brings = changes.some(bringsPackages);
  return [...names].sort().flatMap((host): HostChange[] => {
    const accounts = scope?.get(host);
    const applier = hasOtherApplier(before, after, host);
    const packages = brings ? newPackages(before.declaration, after.declaration, host) : [];
    if (scope && !accounts && !applier && packages.length === 0 && !delivered.has(host)) return [];
    const has = ({ declaration }: Side) => declaration.hosts.some(({ name }) => name === host);
    const only = scope && extractOf(accounts ?? new Map(), has(before) && has(after));
    const bundle = (side: Side) =>
      has(side) ? side.render(side.declaration, host, only, rendered) : sealBundle(host, {});
    let both: readonly [Bundle, Bundle];
    try {
      both = [bundle(before), bundle(after)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const nothing = sealBundle(host, {});
      return [
        { host, groups: [], hooks: chooseHooks({ bases: [nothing], next: nothing }), applier, unknown: error.message },
      ];
    }
    const compared = compareBundles(...both, keepers.has(host) ? compareKept : differences);
    const change = { host, ...compared, applier, ...(packages.length > 0 && { packages }) };
    if (!delivered.has(host)) return changesNothing(change) ? [] : [change];
    const moved = changes.some(({ kind, subject }) => kind === "hosts" && subject.name === host);
    return [asDelivered(change, before, after, moved)];
  });
}

/** What differs between two bundles, and the hooks that the applier will run for it. */
export function compareBundles(old: Bundle, next: Bundle, compare = differences): Pick<HostChange, "groups" | "hooks"> {
  const groups = groupChanges(old, next, compare);
  return { groups, hooks: chooseHooks({ bases: [old], next, changes: pathsIn(groups) }) };
}

/** Whether nothing is to be done, as far as the declarations and the applier show. */
export function changesNothing({ groups, hooks, applier, packages = [] }: HostChange): boolean {
  return groups.length === 0 && isEmpty(hooks) && !applier && packages.length === 0;
}

/** A change that Pulumi delivers, with a reason that the declarations do not show. @param moved whether it goes to another place than before */
export function asDelivered(change: HostChange, before: Side, after: Side, moved: boolean): HostChange {
  if (!changesNothing(change) && before.deliveries?.get(change.host)?.foreign === undefined) return change;
  const again = !moved && isSameDelivery(before, after, change.host);
  return { ...change, redelivered: again ? "again" : "anew" };
}

/** Whether the state already holds the delivery that would be made. Never true for a foreign delivery. */
function isSameDelivery(before: Side, after: Side, host: string): boolean {
  const [old, next] = [before, after].map(({ deliveries }) => deliveries?.get(host));
  return old !== undefined && isDeepStrictEqual(old, next);
}

/** Whether a host or router gets another applier: according to the state, or because the two programs differ. */
export function hasOtherApplier(before: Side, after: Side, host: string): boolean {
  const [old, next] = [before, after].map(({ deliveries, applier }) => deliveries?.get(host)?.applier ?? applier);
  return old !== undefined && next !== undefined && old !== next;
}

/** Whether a host may need a package newly because of a change: a host itself may have another role. */
function bringsPackages({ kind: key, before, after }: Change): boolean {
  if (key === "hosts") return true;
  const kind: Kind = kinds[key];
  if (after === undefined || !mayNeedPackages(kind, after)) return false;
  const stays = before !== undefined && kind.hostOf?.(before) === kind.hostOf?.(after);
  return !stays || kind.variants!.some(({ of }) => of(before) !== of(after));
}

/** What a host that is on both sides needs newly. */
function newPackages(before: Declaration, after: Declaration, name: string): readonly string[] {
  const [old, next] = [before, after].map((declaration) => {
    const host = declaration.hosts.find((each) => each.name === name);
    return host && usedPackages({ declaration, host });
  });
  return old && next ? next.filter((each) => !old.includes(each)) : [];
}

/** Hosts with a change, and the parts of their accounts that it may affect. */
function scopeOf(changes: readonly Change[], before: Side, after: Side): Map<string, Extract> {
  const scope = new Map<string, Map<number, "whole" | Set<string>>>();
  const partsOn = (host: string) => {
    const parts = scope.get(host) ?? new Map<number, "whole" | Set<string>>();
    scope.set(host, parts);
    return parts;
  };
  for (const change of changes) {
    const { hostOf, accountOf, alsoOn }: Kind = kinds[change.kind];
    if (!hostOf) continue;
    for (const [side, { declaration }] of [
      [change.before, before],
      [change.after, after],
    ] as const) {
      if (!side) continue;
      const account = accountOf?.(side);
      for (const host of [hostOf(side), ...(alsoOn?.(side, declaration) ?? [])]) {
        const parts = partsOn(host);
        if (account === undefined) continue;
        const known = parts.get(account) ?? new Set();
        if (known === "whole") continue;
        parts.set(account, rendersAlone(change.kind) ? known.add(partName(change.kind, change.subject.name)) : "whole");
      }
    }
  }
  return scope;
}

/** Part of a host's accounts that is rendered. If only one side has the host, all of it is. */
function extractOf(accounts: Extract, onBothSides: boolean): Extract {
  return onBothSides ? accounts : new Map(Array.from(accounts.keys(), (number) => [number, "whole"]));
}

function groupChanges(before: Bundle, after: Bundle, compare: typeof differences): GroupChange[] {
  const names = new Set([...Object.keys(before.groups), ...Object.keys(after.groups)]) as Set<Group>;
  return [...names].flatMap((group) => {
    const [old, next] = [before.groups[group], after.groups[group]];
    const change = compare(old, next);
    return change ? [{ group, ...change }] : [];
  });
}

/** As {@link differences}, but once for all hosts that have the same. */
function comparedOnce(): typeof differences {
  const known = new Map<BundleGroup, { readonly next: unknown; readonly change: ReturnType<typeof differences> }>();
  return (old, next) => {
    const found = old && known.get(old);
    if (found && found.next === next) return found.change;
    const change = differences(old, next);
    if (old) known.set(old, { next, change });
    return change;
  };
}

function differences(old: BundleGroup | undefined, next: BundleGroup | undefined) {
  const files = fileChanges(old, next);
  if (files.length === 0 && isDeepStrictEqual(beside(old), beside(next))) return undefined;
  const accounts = [old?.account, next?.account] as const;
  return {
    files,
    units: unitChanges(old?.units ?? [], next?.units ?? []),
    ...(!isDeepStrictEqual(...accounts) && { account: accounts }),
    ...((!old || !next) && { whole: next ? ("comes" as const) : ("goes" as const) }),
  };
}

function unitChanges(before: readonly BundleUnit[], after: readonly BundleUnit[]): UnitChange[] {
  const isSame = ({ name, want }: BundleUnit, index: number) =>
    name === after[index]?.name && want === after[index].want;
  if (before.length === after.length && before.every(isSame)) return [];
  const [old, next] = [before, after].map((units) => new Map(units.map(({ name, want }) => [name, want])));
  return [...new Set([...old!.keys(), ...next!.keys()])].flatMap((name) => {
    const change = { name, before: old!.get(name), after: next!.get(name) };
    return change.before === change.after ? [] : [change];
  });
}

/** Files that differ, by path. Digests are not compared: most groups that are rendered here differ. */
function fileChanges(before: BundleGroup | undefined, after: BundleGroup | undefined): FileChange[] {
  const old = inOrder(before?.files ?? [], pathOf);
  const next = inOrder(after?.files ?? [], pathOf);
  const changes: FileChange[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < next.length) {
    const [left, right] = [old[i]?.path, next[j]?.path];
    const was = right === undefined || (left !== undefined && left <= right) ? old[i++] : undefined;
    const is = left === undefined || (right !== undefined && right <= left) ? next[j++] : undefined;
    if (was && is && sameFile(was, is)) continue;
    const modes = [was ? modeOf(was) : usualMode, is ? modeOf(is) : usualMode] as const;
    changes.push({
      path: (was ?? is)!.path,
      before: textOf(was),
      after: textOf(is),
      ...((modes[0] !== usualMode || modes[1] !== usualMode) && { modes }),
    });
  }
  return changes;
}

const usualMode = modeOf({});

function pathOf({ path }: BundleFile): string {
  return path;
}

/** Changed paths as the hook planner needs them. No path moves from one group to another: paths of an account contain its number. */
function pathsIn(groups: HostChange["groups"]): Changes {
  const [added, modified, removed] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const { files } of groups) {
    for (const { path, before, after } of files) {
      (before === undefined ? added : after === undefined ? removed : modified).add(path);
    }
  }
  return { added, modified, removed };
}

/** Everything of a group except its files. */
function beside(group: BundleGroup | undefined) {
  return [group?.units, group?.account];
}

function textOf(file: BundleFile | undefined): string | undefined {
  if (file === undefined) return undefined;
  return file.link === undefined ? file.content : `-> ${file.link}\n`;
}
