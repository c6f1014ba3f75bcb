import { readdirSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { folderOf } from "../../components/bundle-folder.ts";
import { bundleFolders } from "../../components/bundle-folders.generated.ts";
import { driftChecks } from "../inspect/drift-checks.ts";
import { lookAtFixtures } from "../inspect/files.ts";
import { coverEveryUnit, findOverlays } from "../inspect/overlays.ts";
import { entryOf, lookAtPrograms } from "../inspect/programs.ts";
import { lookAtReloads, showUnits } from "../inspect/units.ts";
import type { Machine } from "../os/machine.ts";
import { unitStates } from "../os/systemd.ts";
import { filesOf, type Generation } from "../store/generations.ts";
import { init, setAside } from "./init.ts";

/** What was changed by hand around the generation in force, beyond its files, units that stopped and the firewall. */
export interface Repairs {
  /** One sentence each. */
  readonly said: readonly string[];
  /** Bundle paths that the running host does not follow: what depends on them is done again. */
  readonly paths: ReadonlySet<string>;
  /** Units that run by other settings or with another program than they should. */
  readonly outdated: ReadonlySet<string>;
  /** systemd must read its units anew. */
  readonly reload: boolean;
}

/**
 * Puts right what stands around the generation in force: fixed links, masks, drop-ins and unit files in front of ours (kept
 * under /var/lib/fairhost/saved). What else differs is only named, for the hooks to fix. Finds nothing the second time.
 * @param drifted bundle paths whose files are not as written, which the apply itself puts right
 * @param interrupted whether hooks of an earlier run are still to be done
 */
export async function repair(
  machine: Machine,
  generation: Generation,
  drifted: ReadonlySet<string>,
  interrupted: boolean,
): Promise<Repairs> {
  const { bundle } = generation;
  const said: string[] = [];
  // What an interrupted run left undone is nobody's drift.
  const say = (message: string) => interrupted || said.push(message);
  const paths = new Set<string>();
  const outdated = new Set<string>();
  let reload = false;
  // A first apply: nothing of ours is there yet.
  if (generation.number === 0) return { said, paths, outdated, reload };
  if (machine.live && lookAtFixtures(machine).length > 0) said.push(...(await init(machine)));
  const overlays = findOverlays(machine, bundle);
  for (const { finding, units } of overlays) {
    if (units.length === 0) continue;
    said.push(setAside(machine, finding.what));
    leaveNoFolder(machine, dirname(finding.what));
    for (const unit of units) outdated.add(unit);
    reload = true;
  }
  if (!machine.live) return { said, paths, outdated, reload };

  const shown = await showUnits(machine, bundle, await unitStates(machine));
  for (const { what, message } of lookAtReloads(bundle, shown, coverEveryUnit(overlays))) {
    // What was set aside above is said already.
    if (!outdated.has(what)) say(message);
    outdated.add(what);
    reload = true;
  }
  for (const { kind, what, message } of await lookAtPrograms(machine, bundle, shown, drifted)) {
    say(message);
    if (kind === "configuration-not-loaded") paths.add(entryOf(what)!);
    else outdated.add(what);
  }
  for (const folder of bundleFolders) {
    if (!folder.drift) continue;
    const { look, comparedByApply } = driftChecks[folder.drift];
    const found = comparedByApply ? [] : await look(machine, bundle);
    if (found.length === 0) continue;
    for (const { message } of found) say(message);
    const files = [...filesOf(bundle).keys()].filter((path) => folderOf(path, [folder]));
    for (const path of folder.entry ? [folder.entry.file] : files) paths.add(path);
  }
  return { said, paths, outdated, reload };
}

/** A drop-in's folder that is empty now. */
function leaveNoFolder({ layout }: Machine, folder: string): void {
  if (folder.endsWith(".d") && readdirSync(layout.at(folder)).length === 0) rmdirSync(join(layout.root, folder));
}
