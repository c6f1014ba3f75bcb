import { bundleFolders } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import type { Bundle, Group } from "../../../delivery/protocol/bundle.ts";
import { filesOf } from "../../store/generations.ts";
import { fixedLinks } from "../../store/layout.ts";

/** Something wrong with the files or units of one group. */
export interface Problem {
  readonly group: Group;
  /** Bundle path or unit. */
  readonly path?: string;
  readonly message: string;
}

const upToFolder = new RegExp(`^.*?/(?=(${bundleFolders.map(({ name }) => name).join("|")})/)`);

/** The bundle path for a path as programs print it: inside a generation or behind a fixed symlink. Any other path stays unchanged. */
export function bundlePath(path: string): string {
  const link = Object.keys(fixedLinks).find((link) => path.startsWith(`${link}/`));
  return (link === undefined ? path : path.replace(link, fixedLinks[link]!)).replace(upToFolder, "");
}

/** The group of a path as programs print it. */
export function groupOfPath(bundle: Bundle): (path: string) => Group | undefined {
  return (path) => filesOf(bundle).get(bundlePath(path))?.group;
}

export function distinctGroups(problems: readonly Problem[]): Group[] {
  return [...new Set(problems.map(({ group }) => group))];
}
