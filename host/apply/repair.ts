import { readdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { coverEveryUnit, findOverlays } from "../inspect/checks/overlays.ts";
import { entryOf, lookAtPrograms } from "../inspect/checks/programs.ts";
import { lookAtReloads, showUnits } from "../inspect/checks/units.ts";
import { driftCheckOf } from "../inspect/drift-checks.ts";
import { lookAtFixtures } from "../inspect/files.ts";
import type { Machine } from "../os/machine.ts";
import { filesOf, type Generation } from "../store/generations.ts";
import { routerOf } from "../store/host-name.ts";
import { foldersOf } from "../store/layout.ts";
import type { SeenFiles } from "../store/staging/stage.ts";
import { init, setAside } from "./init.ts";

/** Drift outside of the generation in force, except stopped units and the firewall. */
export interface Repairs {
  /** One sentence each. */
  readonly said: readonly string[];
  /** Bundle paths that the running host does not follow: their hooks run again. */
  readonly paths: ReadonlySet<string>;
  /** Units that run with wrong settings or a wrong program. */
  readonly outdated: ReadonlySet<string>;
  /** systemd must reload its units. */
  readonly reload: boolean;
}

/**
 * Repairs drift outside of the generation in force: fixed symlinks, and masks, drop-ins and unit files that override its units (they
 * are moved to /var/lib/fairhost/saved). Other drift is only reported, and hooks repair it. A second run finds nothing.
 * @param seen files of the generation as they were found; those that were changed the apply itself repairs
 * @param interrupted whether hooks of an earlier run are still missing
 */
export async function repair(
  machine: Machine,
  generation: Generation,
  { drifted, inodes }: SeenFiles,
  interrupted: boolean,
): Promise<Repairs> {
  const { bundle } = generation;
  const said: string[] = [];
  // Missing hooks of an interrupted run are not drift.
  const say = (message: string) => interrupted || said.push(message);
  const paths = new Set<string>();
  const outdated = new Set<string>();
  let reload = false;
  // A first apply: nothing of Fairhost is there yet.
  if (generation.number === 0) return { said, paths, outdated, reload };
  if (machine.live && lookAtFixtures(machine).length > 0) said.push(...(await init(machine)));
  const overlays = findOverlays(machine, bundle);
  for (const { difference, units } of overlays) {
    if (units.length === 0) continue;
    said.push(setAside(machine, difference.what));
    leaveNoFolder(machine, dirname(difference.what));
    for (const unit of units) outdated.add(unit);
    reload = true;
  }
  if (!machine.live) return { said, paths, outdated, reload };

  const shown = await showUnits(machine, generation, undefined, inodes);
  for (const { what, message } of lookAtReloads(bundle, shown, coverEveryUnit(overlays))) {
    // Files moved above are already reported.
    if (!outdated.has(what)) say(message);
    outdated.add(what);
    reload = true;
  }
  for (const { kind, what, message } of await lookAtPrograms(machine, bundle, shown, drifted)) {
    say(message);
    if (kind === "configuration-not-loaded") paths.add(entryOf(what)!);
    else outdated.add(what);
  }
  for (const folder of foldersOf(routerOf(machine))) {
    const check = driftCheckOf(folder);
    if (!check) continue;
    const { look, comparedByApply } = check;
    const found = comparedByApply ? [] : (await look(machine, bundle)).filter(({ note }) => !note);
    if (found.length === 0) continue;
    for (const { message } of found) say(message);
    const files = [...filesOf(bundle).keys()].filter((path) => folderOf(path, [folder]));
    for (const path of folder.entry ? [folder.entry.file] : files) paths.add(path);
  }
  return { said, paths, outdated, reload };
}

/** Removes the folder of a drop-in if it is empty now. */
function leaveNoFolder({ layout }: Machine, folder: string): void {
  if (folder.endsWith(".d") && readdirSync(layout.at(folder)).length === 0) rmdirSync(join(layout.root, folder));
}
