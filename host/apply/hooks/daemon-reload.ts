import { type BundleFolder, folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import { lazy } from "../../../lib/once.ts";
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
    const prefixes = lazy(() => new Set(Array.from(units, prefixOf)));
    for (const path of paths) {
      const isDropIn = path.includes(".d/") && isUnitFile(path);
      const [, owner, name] = (isDropIn && /^([^/]+\/([^/]+))\.d\//.exec(path)) || [];
      if (owner === undefined) continue;
      // Of all units of an account, systemd.unit(5): none may be loaded. Other prefixes may be those of others' units.
      if (/^account-\d+-\.\w+$/.test(name!) ? prefixes().has(name!) : !paths.has(owner)) return true;
    }
    return false;
  };
  for (const path of modified) if (isUnitFile(path)) return true;
  return withOthers(added, before) || withOthers(removed, after);
}

/** Name of the drop-ins of all units of the account that a unit belongs to: of `account-7-http-blog.service` `account-7-.service`. */
function prefixOf(unit: string): string | undefined {
  const [prefix] = /^account-\d+-/.exec(unit) ?? [];
  return prefix && `${prefix}${unit.slice(unit.lastIndexOf("."))}`;
}
