import { existsSync, lstatSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { Bundle, Group } from "../../../delivery/protocol/bundle.ts";
import { byDeploy, type Difference } from "../../../delivery/protocol/inspection.ts";
import { once } from "../../../lib/once.ts";
import { templateOf } from "../../../lib/systemd/unit-name.ts";
import { unitsOf } from "../../apply/hooks/choose.ts";
import type { Machine } from "../../os/machine.ts";
import type { Found } from "../../store/file-drift.ts";
import { filesOf } from "../../store/generations.ts";

/** Directory in which systemd puts transient units. */
const transient = "/run/systemd/transient";

/** Directories that take precedence over the generation, highest first (systemd.unit(5)); not those of generators. */
const before = [
  "/etc/systemd/system.control",
  "/run/systemd/system.control",
  transient,
  "/etc/systemd/system",
  "/run/systemd/system",
];

/** A file that takes precedence over a unit of the bundle. */
export interface Overlay {
  readonly difference: Difference;
  /** Units that it overrides. Empty if it applies to every unit of the host: then it must not be moved. */
  readonly units: readonly string[];
}

/** Unit files, masks and drop-ins that override those of the bundle. Reads five directories, however many units there are. */
export function findOverlays({ layout }: Machine, bundle: Bundle): Overlay[] {
  const ours = ourUnits(bundle);
  return before.flatMap((directory) => {
    const path = layout.at(directory);
    if (!existsSync(path)) return [];
    return readdirSync(path).flatMap((name): Overlay[] => {
      if (name.endsWith(".d")) {
        const units = coveredBy(name.slice(0, -2), ours);
        return units === undefined ? [] : dropIns(join(path, name), join(directory, name), units, ours);
      }
      const group = groupOfUnit(name, ours);
      return group === undefined ? [] : [unitFile(join(path, name), join(directory, name), name, group)];
    });
  });
}

/** Whether one of them applies to every unit of the host. */
export function coverEveryUnit(overlays: readonly Overlay[]): boolean {
  return overlays.some(({ units }) => units.length === 0);
}

/**
 * Units with a file that was written after a moment (milliseconds since 1970), so that systemd may have read an older one. All units if
 * a file was added or removed in a directory of overrides.
 * @param found files of the bundle as this run has found them, by bundle path: they are not looked at again
 */
export function changedSince(
  { layout }: Machine,
  bundle: Bundle,
  moment: number,
  found: ReadonlyMap<string, Found> = new Map(),
): ReadonlySet<string> {
  const ours = ourUnits(bundle);
  const written = (path: string) => lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const isNewer = (path: string) => written(path) > moment;
  const folders = before
    .filter((directory) => directory !== transient && existsSync(layout.at(directory)))
    .flatMap((directory) => {
      const names = readdirSync(layout.at(directory)).filter((name) => name.endsWith(".d"));
      return ["", ...names].map((name) => layout.at(join(directory, name)));
    });
  if (folders.some(isNewer)) return new Set(ours.keys());
  const changed = new Set<string>();
  for (const path of filesOf(bundle).keys()) {
    if (!path.startsWith("systemd/")) continue;
    if ((found.get(path)?.mtimeMs ?? written(`${layout.current}/${path}`)) <= moment) continue;
    const [, name, dropIn] = unitPath.exec(path) ?? [];
    if (name === undefined) continue;
    for (const unit of dropIn === undefined ? [name] : (coveredBy(name, ours) ?? [])) changed.add(unit);
  }
  return changed;
}

/** A unit file or a drop-in: the unit, and what follows the drop-ins' directory. */
const unitPath = /^systemd\/([^/]+?)(?:\.d(\/.*))?$/;

/** Every unit with a file or drop-in in the bundle, with its group. Computed once, as `filesOf`. */
export const ourUnits = once((bundle: Bundle): ReadonlyMap<string, Group> => {
  const ours = new Map<string, Group>();
  for (const { path, group } of filesOf(bundle).values()) {
    if (!path.startsWith("systemd/")) continue;
    const [, name] = unitPath.exec(path) ?? [];
    // Not the prefix drop-ins: there is no unit `account-.service`.
    if (name !== undefined && !/-\.[a-z]+$/.test(name)) ours.set(name, group);
  }
  for (const { name, group } of unitsOf(bundle).values()) ours.set(name, group);
  return ours;
});

/** The group of a unit of the bundle, or of an instance of a template of it. */
export function groupOfUnit(name: string, ours: ReadonlyMap<string, Group>): Group | undefined {
  return ours.get(name) ?? ours.get(templateOf(name) ?? name);
}

/** Units to which a drop-in directory applies: `nginx.service`, a prefix (`account-1-.service`), or a type (`service`). */
function coveredBy(owner: string, ours: ReadonlyMap<string, Group>): string[] | undefined {
  if (groupOfUnit(owner, ours) !== undefined) return [owner];
  if (["service", "socket", "slice", "target"].includes(owner)) return [];
  const [, prefix, suffix] = /^(.+-)(\.[a-z]+)$/.exec(owner) ?? [];
  if (prefix === undefined) return undefined;
  const units = [...ours.keys()].filter((name) => name.startsWith(prefix) && name.endsWith(suffix!));
  return units.length > 0 ? units : undefined;
}

function dropIns(
  directory: string,
  shown: string,
  units: readonly string[],
  ours: ReadonlyMap<string, Group>,
): Overlay[] {
  const groups = new Set(units.map((unit) => groupOfUnit(unit, ours)!));
  const group = groups.size === 1 ? [...groups][0]! : "host";
  const whose = units.length === 1 ? units[0] : units.length === 0 ? "every unit" : `${units.length} units of Fairhost`;
  return readdirSync(directory)
    .filter((name) => name.endsWith(".conf"))
    .map((name) => {
      const what = join(shown, name);
      const repaired = units.length > 0 ? byDeploy : (`by hand: remove ${what} unless it is intended` as const);
      const message = `${what} changes settings of ${whose}; only the generation in force should do that`;
      return { units, difference: { group, kind: "unit-overridden", what, message, repaired } };
    });
}

function unitFile(path: string, what: string, unit: string, group: Group): Overlay {
  const stat = lstatSync(path);
  // An empty file masks, too.
  const masks = stat.isSymbolicLink() ? readlinkSync(path) === "/dev/null" : stat.size === 0;
  const message = masks
    ? `${what} masks ${unit}, so that it cannot start`
    : `${what} takes precedence over ${unit} of the generation in force`;
  return {
    units: [unit],
    difference: { group, kind: masks ? "unit-masked" : "unit-shadowed", what, message, repaired: byDeploy },
  };
}
