import { systemd } from "../../../components/host/systemd.host.ts";
import type { BundleFolder } from "../../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, BundleFile, BundleGroup, BundleUnit, Group } from "../../../delivery/protocol/bundle.ts";
import { once } from "../../../lib/once.ts";
import { isTemplate, templateOf } from "../../../lib/systemd/unit-name.ts";
import { givenUp, serviceOf } from "../../os/systemd.ts";
import { filesOf, sameFile } from "../../store/generations.ts";
import { needsDaemonReload } from "./daemon-reload.ts";

/** Unit name to systemd's ActiveState, for every loaded unit; of a socket also `givenUp` (host/os/systemd.ts). */
export type UnitStates = ReadonlyMap<string, string>;

export interface Changes {
  readonly added: ReadonlySet<string>;
  /** Same path, other text, mode or target; or repaired after a change by hand. */
  readonly modified: ReadonlySet<string>;
  readonly removed: ReadonlySet<string>;
}

/** What must be done, in this order, so that the running host follows `next`. */
export interface ChosenHooks {
  /** Folders to load into the kernel, by name, and the bundle paths in each that are new or changed. */
  readonly load: readonly { readonly folder: string; readonly paths: readonly string[] }[];
  /** Units that `next` no longer has. */
  readonly stop: readonly string[];
  readonly daemonReload: boolean;
  /** Units behind sockets whose inputs changed, and sockets that are about to be restarted. */
  readonly stopChanged: readonly string[];
  readonly start: readonly string[];
  readonly restart: readonly string[];
  /** Units that read changed files without a restart. */
  readonly reload: readonly string[];
}

export interface HookInput {
  /**
   * Bundles from which the running host may come: first the one whose hooks completed last; after crashes also every bundle that was
   * in force since, because some of its hooks may have run.
   */
  readonly bases: readonly Bundle[];
  readonly next: Bundle;
  /** Changes from the bases to `next`, if the caller has already compared them. */
  readonly changes?: Changes;
  /** Bundle paths that were repaired although both bundles agree. */
  readonly repaired?: ReadonlySet<string>;
  /** Units that run with wrong settings or a wrong program, whatever the bundles say. */
  readonly outdated?: ReadonlySet<string>;
  /** systemd must reload its units, whatever the bundles say. */
  readonly daemonReload?: boolean;
  /** Accounts whose services must read their secrets again. */
  readonly rotated?: ReadonlySet<Group>;
  /** Names of folders whose loaded state in the kernel was changed. */
  readonly lost?: ReadonlySet<string>;
  /** Without it (a directory tree) every unit of the first base counts as active. */
  readonly states?: UnitStates;
  /** Default: every registered folder. */
  readonly folders?: readonly BundleFolder[];
}

/** Groups that differ between two bundles. */
export function changedGroups(before: Pick<Bundle, "groups">, after: Pick<Bundle, "groups">): Group[] {
  const names = new Set([...Object.keys(before.groups), ...Object.keys(after.groups)]) as Set<Group>;
  return [...names].filter((name) => before.groups[name]?.digest !== after.groups[name]?.digest);
}

/** @param repaired bundle paths that count as modified although both bundles agree */
export function changesBetween(base: Bundle, next: Bundle, repaired: ReadonlySet<string> = new Set()): Changes {
  const [before, after] = [filesBeside(base, next), filesBeside(next, base)];
  const added = new Set<string>();
  const modified = new Set<string>();
  for (const [path, file] of after) {
    const old = before.get(path);
    if (!old) added.add(path);
    else if (!sameFile(old, file)) modified.add(path);
  }
  for (const path of repaired) if (filesOf(next).has(path) && !added.has(path)) modified.add(path);
  return { added, modified, removed: new Set([...before.keys()].filter((path) => !after.has(path))) };
}

/** Files of the groups that differ from those of the other bundle. */
function filesBeside({ groups }: Bundle, other: Bundle): Map<string, BundleFile> {
  const files = new Map<string, BundleFile>();
  for (const [name, group] of Object.entries(groups) as [Group, BundleGroup][]) {
    if (other.groups[name]?.digest === group.digest) continue;
    for (const file of group.files) files.set(file.path, file);
  }
  return files;
}

/** Computes the smallest set of hooks from changes and running units. Pure. */
export function chooseHooks(input: HookInput): ChosenHooks {
  const { bases, next, repaired, rotated, states, outdated, folders = bundleFolders } = input;
  const changes = input.changes ?? union(bases.map((base) => changesBetween(base, next, repaired)));
  const byHand = new Set(Array.from(outdated ?? [], fileOf));
  const changed = [changes.added, changes.modified, changes.removed, byHand].filter(({ size }) => size > 0);
  const touched = topFolders(changed);
  const touches = (path: string) => (path.endsWith("/") ? touched.has(path) : changed.some((paths) => paths.has(path)));
  const running = instances(states);
  const before = new Set<string>();
  for (const base of bases) for (const name of withInstances(unitsOf(base), running).keys()) before.add(name);
  const after = withInstances(unitsOf(next), running);
  // systemd does not start a socket while its service runs.
  const down = states
    ? [...after.keys()].filter((name) => name.endsWith(".socket") && states.get(name) !== "active")
    : [];
  const startsSocket = (path: string) => down.some((socket) => path === fileOf(socket));
  const socketAnew = (service: string) => {
    const socket = service.replace(/\.service$/, ".socket");
    return down.includes(socket) || after.get(socket)?.restartOn.some(touches) === true;
  };

  const isAffected = (name: string) => {
    const { group, restartOn } = after.get(name)!;
    const readsSecret = group !== "host" && name.endsWith(".service") && rotated?.has(group) === true;
    return readsSecret || outdated?.has(name) === true || restartOn.some(touches);
  };

  // A restart would unload their rules or settings for a moment.
  const loadedUnits = folders.map(({ takesEffect, entry }) => (takesEffect.by === "load" ? entry?.unit : undefined));

  const start: string[] = [];
  const restart: string[] = [];
  const stopChanged: string[] = [];
  for (const [name, { want, restartOn, group }] of after) {
    const state = states ? states.get(name) : before.has(name) ? "active" : undefined;
    const isProgram = group !== "host" && name.endsWith(".service");
    // A unit that did not run is not asked: of accounts that come to a host there are thousands.
    const affected = () => isAffected(name);
    const isUp = state === "active" || state === "activating";
    if (want === "on-demand") {
      const inTheWay = isUp && restartOn.some(startsSocket);
      if ((before.has(name) && affected()) || inTheWay) stopChanged.push(name);
    } else if (isProgram && isUp && socketAnew(name)) {
      stopChanged.push(name);
      start.push(name);
    } else if (state === "failed" && isProgram && !affected()) {
      // A program of an account that ended by itself must not be started again and again.
    } else if (state === givenUp && !affected() && !isAffected(serviceOf(name))) {
      // Nor by its visitors.
    } else if (state !== "active") {
      start.push(name);
    } else if (name.endsWith(".socket") && affected()) {
      stopChanged.push(name);
      start.push(name);
    } else if (!loadedUnits.includes(name) && affected()) {
      restart.push(name);
    }
  }
  const anew = [...start, ...restart];
  const { load, reload } = chooseFolders(folders, next, changes, touches, input.lost ?? new Set());
  return {
    load,
    stop: [...before].filter((name) => !after.has(name)),
    daemonReload: input.daemonReload === true || needsDaemonReload(folders, changes, before, after.keys()),
    stopChanged,
    start,
    restart,
    reload: reload.filter((unit) => after.has(unit) && !anew.includes(unit)),
  };
}

/** The same hooks in two parts: up to the units of the host, and what comes after units of accounts were started. */
export function splitHooks(chosen: ChosenHooks, next: Bundle): Record<"host" | "accounts", ChosenHooks> {
  const units = unitsOf(next);
  const isOfHost = (name: string) => (units.get(name) ?? units.get(templateOf(name) ?? name))?.group === "host";
  const those = (isWanted: (name: string) => boolean) => ({
    stopChanged: chosen.stopChanged.filter(isWanted),
    start: chosen.start.filter(isWanted),
    restart: chosen.restart.filter(isWanted),
  });
  return {
    host: { ...chosen, ...those(isOfHost), reload: [] },
    accounts: {
      ...those((name) => !isOfHost(name)),
      load: [],
      stop: [],
      daemonReload: false,
      reload: chosen.reload,
    },
  };
}

/** Loaded instances of each template. */
function instances(states: UnitStates = new Map()): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of states.keys()) {
    const template = templateOf(name);
    if (template === undefined) continue;
    const others = found.get(template);
    if (others) others.push(name);
    else found.set(template, [name]);
  }
  return found;
}

/** The units, with each template's loaded instances in its place: systemd can neither stop nor start a template. */
function withInstances(
  units: ReadonlyMap<string, GroupUnit>,
  loaded: ReadonlyMap<string, readonly string[]>,
): ReadonlyMap<string, GroupUnit> {
  const found = new Map<string, GroupUnit>();
  for (const [name, unit] of units) {
    if (isTemplate(name)) for (const instance of loaded.get(name) ?? []) found.set(instance, unit);
    else found.set(name, unit);
  }
  return found;
}

/** Folders to load and units to reload because of changed files, whatever the units' states are. */
function chooseFolders(
  folders: readonly BundleFolder[],
  next: Bundle,
  { added, modified }: Changes,
  touches: (folder: string) => boolean,
  lost: ReadonlySet<string>,
): Pick<ChosenHooks, "load" | "reload"> {
  const load: (ChosenHooks["load"][number] & { first: boolean })[] = [];
  const reload = new Set<string>();
  for (const { name, entry, takesEffect } of folders) {
    const touched = touches(`${name}/`);
    if (!(touched || lost.has(name)) || (entry && !hasOwn(next, entry.file))) continue;
    if (takesEffect.by === "reload") reload.add(takesEffect.unit);
    if (takesEffect.by !== "load") continue;
    const paths = [...added, ...modified].filter((path) => path.startsWith(`${name}/`));
    // Without an entry file each file is loaded separately, and a removed file needs no hook.
    if (entry || paths.length > 0) load.push({ folder: name, paths, first: takesEffect.first === true });
  }
  return {
    load: load
      .sort((left, right) => Number(right.first) - Number(left.first))
      .map(({ folder, paths }) => ({ folder, paths })),
    reload: [...reload],
  };
}

/** Whether a host has a file of its own; {@link filesOf} would go through those of all accounts. */
function hasOwn({ groups }: Bundle, wanted: string): boolean {
  return groups.host?.files.some(({ path }) => path === wanted) === true;
}

/** The top folders of bundle paths, each with its slash. */
function topFolders(all: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const paths of all) {
    let last = "/";
    // Most paths are in the folder of the one before.
    for (const path of paths) {
      if (path.startsWith(last)) continue;
      last = path.slice(0, path.indexOf("/") + 1);
      folders.add(last);
    }
  }
  return folders;
}

function union(all: readonly Changes[]): Changes {
  const collect = (part: keyof Changes) => new Set(all.flatMap((changes) => [...changes[part]]));
  return { added: collect("added"), modified: collect("modified"), removed: collect("removed") };
}

/** Whether nothing was chosen. */
export function isEmpty(chosen: ChosenHooks): boolean {
  return Object.values(chosen).every((part: boolean | readonly unknown[]) =>
    Array.isArray(part) ? part.length === 0 : !part,
  );
}

/** Bundle path of a unit's file. */
function fileOf(unit: string): string {
  return `${systemd.name}/${unit}`;
}

type GroupUnit = BundleUnit & { readonly group: Group };

/** Every unit of a bundle by name, with its group. Computed once, as `filesOf`. */
export const unitsOf = once(({ groups }: Bundle): ReadonlyMap<string, GroupUnit> => {
  const units = new Map<string, GroupUnit>();
  for (const [group, { units: own }] of Object.entries(groups) as [Group, { units: readonly BundleUnit[] }][]) {
    for (const { name, want, restartOn } of own) units.set(name, { name, want, restartOn, group });
  }
  return units;
});
