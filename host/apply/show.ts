import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { type BundleFolder, folderOf } from "../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import { type Bundle, type BundleFile, configuration } from "../../delivery/protocol/bundle.ts";
import { whole } from "../../lib/text/whole.ts";
import type { Machine } from "../os/machine.ts";
import { accountsOf } from "../store/generations.ts";
import { changedGroups } from "./hooks/choose.ts";
import type { Problem } from "./validate/problem.ts";

/** Whether the owner of an account finds a file of its group in `admin/config`. */
export function isShown({ path }: Pick<BundleFile, "path">): boolean {
  const folder = folderOf(path, bundleFolders as readonly BundleFolder[]);
  if (!folder) return false;
  const inside = path.slice(folder.name.length + 1);
  const forms = (folder.ofAccount ?? []).filter((form) => whole(form.path).test(inside));
  return forms.length > 0 && forms.every(({ shown = folder.shown }) => shown === true);
}

/**
 * Makes the files in `admin/config` of all accounts that have changed what is in force now: copies, which their programs read without a mount of
 * their own. Only root can write on the way there, so no symlink of an account's is followed. What could not be shown is tried again by the next apply.
 * @returns what could not be shown: a problem of its account alone
 */
export function showConfigurations(machine: Machine, before: Bundle, now: Bundle): Problem[] {
  const changed = new Set(changedGroups(before, now));
  const problems: Problem[] = [];
  for (const [group, account] of accountsOf(now)) {
    // A host that keeps backups of an account shows it nothing.
    if (account.directories.every(({ path }) => path !== configuration)) continue;
    const place = machine.layout.at(join(account.directory, configuration));
    try {
      if (changed.has(group) || readdirSync(place).length === 0) show(machine, place, now.groups[group]!.files);
    } catch (error) {
      // Empty means not shown. A full disk does not stop a removal.
      for (const name of existsSync(place) ? readdirSync(place) : []) machine.disk.remove(join(place, name));
      problems.push({
        group,
        path: join(account.directory, configuration),
        message: `cannot be written (${(error as Error).message}); what was declared is in force all the same: fix that and apply again`,
      });
    }
  }
  return problems;
}

function show({ disk }: Machine, place: string, files: readonly BundleFile[]): void {
  const wanted = new Map(
    files.flatMap((file) => (file.content !== undefined && isShown(file) ? [[file.path, file.content]] : [])),
  );
  const there = readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(place, join(entry.parentPath, entry.name)));
  for (const path of there) if (!wanted.has(path)) disk.remove(join(place, path));
  const known = new Set(there);
  for (const [path, content] of wanted) {
    const at = join(place, path);
    if (known.has(path) && readFileSync(at, "utf8") === content) continue;
    // Group and its inheritance come from the directory.
    disk.makeDirectory(dirname(at), 0o750);
    disk.replace(at, content, 0o640, { sync: false });
  }
}
