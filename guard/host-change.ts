import { isDeepStrictEqual } from "node:util";
import type { Declaration } from "../components/declaration.ts";
import type { Bundle, BundleFile, BundleGroup, Group } from "../host/bundle.ts";
import { sealBundle } from "../host/digest.ts";
import { sameFile } from "../host/generations.ts";
import { type HookPlan, isEmpty, planHooks } from "../host/plan.ts";
import type { Change } from "./diff.ts";
import type { EngineStep } from "./engine-step.ts";
import type { Side } from "./side.ts";

/** One file of a host before and after; `undefined` where it is not there. */
export interface FileChange {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What a deployment changes on one host. */
export interface HostChange {
  readonly host: string;
  /** Groups whose files or units differ. `host`: the host's own. */
  readonly groups: readonly { readonly group: Group; readonly files: readonly FileChange[] }[];
  /** What the applier will run for it, by its own planner. */
  readonly hooks: HookPlan;
  /** Whether the applier itself, or the bootstrap before it, is another one. */
  readonly applier: boolean;
  /** Why the rest cannot be told: a side's declaration is not whole (an older program's state, a broken reference). */
  readonly unknown?: string;
  /**
   * The engine delivers to it for a reason that the declarations do not show. `again`: the very delivery that the state holds; one
   * that did not end well, a repair, another way to reach it. `anew`: another program, master secret or host; any file may change.
   */
  readonly redelivered?: "again" | "anew";
}

/** Whether the host's own files or its applier change, or may, and not only accounts'. */
export function touchesHost(change: HostChange): boolean {
  return change.redelivered === "again" || touchesResidents(change);
}

/**
 * Whether all accounts of the host may notice. Not by a delivery made again: what that still has to do was counted when it was
 * judged, and a deploy that was killed must never be kept from its end by how much it may touch.
 */
export function touchesResidents({ groups, applier, redelivered, unknown }: HostChange): boolean {
  return applier || redelivered === "anew" || unknown !== undefined || groups.some(({ group }) => group === "host");
}

/**
 * What differs on each host, file by file. Only hosts and accounts with a change are rendered, unless the two sides' programs
 * render differently: then all are.
 */
export function hostChanges(
  before: Side,
  after: Side,
  changes: readonly Change[],
  engine: readonly EngineStep[] = [],
): HostChange[] {
  const delivered = new Set(engine.flatMap(({ host, type }) => (type.startsWith("fairhost:") ? [] : (host ?? []))));
  const scope = before.render === after.render ? scopeOf(changes) : undefined;
  const names = new Set([...before.declaration.hosts, ...after.declaration.hosts].map(({ name }) => name));
  return [...names].sort().flatMap((host): HostChange[] => {
    const accounts = scope?.get(host);
    const applier = hasOtherApplier(before, after, host);
    if (scope && !accounts && !applier && !delivered.has(host)) return [];
    const bundle = ({ declaration, render }: Side) =>
      declaration.hosts.some(({ name }) => name === host)
        ? render(scope ? narrowed(declaration, host, accounts ?? new Set()) : declaration, host)
        : sealBundle(host, {});
    let both: readonly [Bundle, Bundle];
    try {
      both = [bundle(before), bundle(after)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      const nothing = sealBundle(host, {});
      return [
        { host, groups: [], hooks: planHooks({ bases: [nothing], next: nothing }), applier, unknown: error.message },
      ];
    }
    const [old, next] = both;
    const groups = groupChanges(old, next);
    const hooks = planHooks({ bases: [old], next });
    const nothing = groups.length === 0 && isEmpty(hooks) && !applier;
    const change = { host, groups, hooks, applier };
    if (!delivered.has(host)) return nothing ? [] : [change];
    if (!nothing && before.deliveries?.get(host)?.foreign === undefined) return [change];
    const moved = changes.some(({ kind, subject }) => kind === "hosts" && subject.name === host);
    const again = !moved && isSameDelivery(before, after, host);
    return [{ ...change, redelivered: again ? "again" : "anew" }];
  });
}

/** Whether the engine holds of a host's delivery what it would hold of the next; of what is foreign it does not. */
function isSameDelivery(before: Side, after: Side, host: string): boolean {
  const [old, next] = [before, after].map(({ deliveries }) => deliveries?.get(host));
  return old !== undefined && isDeepStrictEqual(old, next);
}

/** Whether another applier comes to a host: as the engine holds it, or as the two programs are. */
function hasOtherApplier(before: Side, after: Side, host: string): boolean {
  const [old, next] = [before, after].map(({ deliveries, applier }) => deliveries?.get(host)?.applier ?? applier);
  return old !== undefined && next !== undefined && old !== next;
}

/** Hosts with a change, and their accounts that have one. */
function scopeOf(changes: readonly Change[]): Map<string, Set<number>> {
  const scope = new Map<string, Set<number>>();
  const add = (host: string, account?: number) => {
    const accounts = scope.get(host) ?? new Set();
    if (account !== undefined) accounts.add(account);
    scope.set(host, accounts);
  };
  for (const change of changes) {
    for (const side of [change.before, change.after]) {
      if (side === undefined) continue;
      if (change.kind === "hosts") add((side as { name: string }).name);
      else if ("host" in side)
        add(side.host, "account" in side ? side.account : "number" in side ? side.number : undefined);
    }
  }
  return scope;
}

/** What a host's bundle needs of a declaration, for these accounts alone. */
function narrowed(declaration: Declaration, host: string, accounts: ReadonlySet<number>): Declaration {
  const own = ({ account }: { readonly account: number }) => accounts.has(account);
  return {
    ...declaration,
    hosts: declaration.hosts.filter(({ name }) => name === host),
    accounts: declaration.accounts.filter(({ number }) => accounts.has(number)),
    addresses: declaration.addresses.filter(own),
    httpServers: declaration.httpServers.filter(own),
  };
}

function groupChanges(before: Bundle, after: Bundle): HostChange["groups"] {
  const names = new Set([...Object.keys(before.groups), ...Object.keys(after.groups)]) as Set<Group>;
  return [...names].flatMap((group) => {
    const [old, next] = [before.groups[group], after.groups[group]];
    const files = fileChanges(old, next);
    return files.length > 0 || !isDeepStrictEqual(beside(old), beside(next)) ? [{ group, files }] : [];
  });
}

/** Files that differ, by path. Digests are not looked at: most groups that are rendered here differ. */
function fileChanges(before: BundleGroup | undefined, after: BundleGroup | undefined): FileChange[] {
  const next = new Map(after?.files.map((file) => [file.path, file]));
  const changes: FileChange[] = [];
  const add = (path: string, was: BundleFile | undefined, is: BundleFile | undefined) =>
    changes.push({ path, before: textOf(was), after: textOf(is) });
  for (const was of before?.files ?? []) {
    const is = next.get(was.path);
    next.delete(was.path);
    if (is === undefined || !sameFile(was, is)) add(was.path, was, is);
  }
  for (const is of next.values()) add(is.path, undefined, is);
  return changes.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** What a group has beside its files. */
function beside(group: BundleGroup | undefined) {
  return [group?.units, group?.account];
}

function textOf(file: BundleFile | undefined): string | undefined {
  if (file === undefined) return undefined;
  return file.link === undefined ? file.content : `-> ${file.link}\n`;
}
