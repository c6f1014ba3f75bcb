import { join } from "node:path";
import type { BundleFolder } from "../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../../components/registry/bundle/bundle-folders.generated.ts";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";

/** Directory of the applier's own state. */
export const stateDirectory = "/var/lib/fairhost";

/** Manufacturers whose routers the applier serves: those that a folder names, since each has a folder of its routing. */
export const routerMakers: ReadonlySet<string> = new Set(
  (bundleFolders as readonly BundleFolder[]).flatMap(({ routers = [] }) => (routers === "all" ? [] : routers)),
);

/** Folders that a host may have, or a router of this manufacturer; none for a manufacturer that is not known. */
export function foldersOf(router?: string): readonly BundleFolder[] {
  if (router !== undefined && !routerMakers.has(router)) return [];
  return (bundleFolders as readonly BundleFolder[]).filter(({ routers, notOnHosts }) =>
    router === undefined ? notOnHosts === undefined : routers === "all" || routers?.includes(router) === true,
  );
}

/** Symlinks from paths of Debian's programs to the generation in force, on a host or a router of this manufacturer; created once by `init`. */
export function linksOf(router?: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    foldersOf(router).flatMap(({ name, link, linksTo = name }) =>
      link ? [[link, `${currentGeneration}/${linksTo}`]] : [],
    ),
  );
}

/** {@link linksOf} a host. */
export const fixedLinks = linksOf();

/** Of {@link fixedLinks}: what others have put there stays, and stands in the way. */
export const leftToOthers: ReadonlySet<string> = new Set(
  (bundleFolders as readonly BundleFolder[]).flatMap(({ link, leavesOthers }) => (link && leavesOthers ? [link] : [])),
);

/** A generation's record: written last, it makes the generation complete. */
export const recordName = "generation.json";

/** Mode of every directory in a generation. */
export const directoryMode = 0o755;

/** Every path of the applier under `root` (`/` on a host, a directory in tests and simulations). */
export interface Layout {
  readonly root: string;
  readonly state: string;
  readonly current: string;
  readonly generations: string;
  /** An older generation that is no longer needed; the next one reuses it. */
  readonly recycled: string;
  readonly secrets: string;
  /** Facts about the last completed apply. */
  readonly applied: string;
  /** The bundle that was delivered last, while another one is in force because accounts move. */
  readonly delivered: string;
  readonly report: string;
  /** The host's name from its first bundle. */
  readonly host: string;
  /** The manufacturer, on a router; a host has no such file. */
  readonly router: string;
  /** Files that were moved aside. */
  readonly saved: string;
  /** Spooled deliveries and progress of running applies: in /run, so that secrets never reach the disk and a reboot clears them. */
  readonly jobs: string;
  readonly lock: string;
  /** A path of the host, below `root`. */
  at(path: string): string;
}

export function layout(root: string): Layout {
  const at = (path: string) => join(root, path);
  const state = at(stateDirectory);
  return {
    root,
    state,
    current: at(currentGeneration),
    generations: join(state, "generations"),
    recycled: join(state, "spare"),
    secrets: join(state, "secrets"),
    applied: join(state, "applied.json"),
    delivered: join(state, "delivered.json"),
    report: join(state, "report.json"),
    host: join(state, "host"),
    router: join(state, "router"),
    saved: join(state, "saved"),
    jobs: at("/run/fairhost"),
    lock: at("/run/fairhost/lock"),
    at,
  };
}
