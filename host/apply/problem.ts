import type { Bundle, Group } from "../../delivery/protocol/bundle.ts";
import { filesOf } from "../store/generations.ts";

/** Something wrong with the files or units of one group. */
export interface Problem {
  readonly group: Group;
  /** Bundle path or unit. */
  readonly path?: string;
  readonly message: string;
}

/** Whose file a path (as programs print it) is; the host's when nobody's. */
export function groupOfPath(bundle: Bundle): (path: string) => Group | undefined {
  const files = filesOf(bundle);
  return (path) => {
    const inside = path.replace(/^.*?\/(?=(systemd|userdb|nginx|lighttpd|nftables|bird|sysctl|network|env)\/)/, "");
    return files.get(inside)?.group ?? files.get(`systemd/${path.replace(/^.*\/system\//, "")}`)?.group;
  };
}

export function distinctGroups(problems: readonly Problem[]): Group[] {
  return [...new Set(problems.map(({ group }) => group))];
}
