import { type BundleFolder, folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import { once } from "../../../lib/once.ts";
import type { Changes } from "./choose.ts";

/**
 * systemd finds new unit files by itself when they are started, and unloads removed ones when they are stopped: only files that it may
 * have read before and that changed need a daemon-reload, and drop-ins that come to units that stay, or go from them.
 * @param before names of the units that may be loaded
 * @param after names of those of the next bundle
 */
export function needsDaemonReload(
  folders: readonly BundleFolder[],
  { added, modified, removed }: Changes,
  before: Iterable<string>,
  after: Iterable<string>,
): boolean {
  const read = folders.filter(({ takesEffect }) => takesEffect.by === "daemon-reload");
  const isUnitFile = (path: string) => folderOf(path, read) !== undefined;
  const withOthers = (paths: ReadonlySet<string>, units: Iterable<string>) => {
    const prefixes = once((names: Iterable<string>) => new Set([...names].flatMap(prefixesOf)));
    return [...paths].some((path) => {
      const isDropIn = path.includes(".d/") && isUnitFile(path);
      const [, owner, name] = (isDropIn && /^([^/]+\/([^/]+))\.d\//.exec(path)) || [];
      if (owner === undefined) return false;
      // Of all units of an account, systemd.unit(5): none may be loaded. Other prefixes may be those of others' units.
      return /^account-\d+-\.\w+$/.test(name!) ? prefixes(units).has(name!) : !paths.has(owner);
    });
  };
  return [...modified].some(isUnitFile) || withOthers(added, before) || withOthers(removed, after);
}

/** Names of the prefix drop-ins of a unit, systemd.unit(5): of `a-b-c.service` `a-b-.service` and `a-.service`. */
function prefixesOf(unit: string): string[] {
  const type = unit.slice(unit.lastIndexOf("."));
  return [...unit.slice(0, -type.length).matchAll(/-/g)].map(({ index }) => `${unit.slice(0, index + 1)}${type}`);
}
