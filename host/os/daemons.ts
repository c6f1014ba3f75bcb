import type { Names } from "../../components/registry/bundle/bundle-folders.generated.ts";
import type { Machine } from "./machine.ts";
import { bird } from "./network/bird.ts";
import { frr } from "./network/frr.ts";
import { nginx } from "./nginx.ts";
import { lastStateChange, said, systemctl } from "./systemd.ts";

/** A unit that reads changed files when reloaded. */
export interface Daemon {
  /** @returns the error, if any */
  reload(machine: Machine): Promise<string | undefined>;
  /** When it last read its configuration, in milliseconds since 1970; may be slightly late. Undefined if unknown. */
  lastRead(machine: Machine): Promise<number | undefined>;
}

/** Daemons for which systemd does not know whether or when a reload succeeded. */
const special: Readonly<Record<string, Daemon>> = {
  "nginx.service": nginx,
  "bird.service": bird,
  "frr.service": frr,
} satisfies Partial<Record<Names["reloaded"], Daemon>>;

export function daemonOf(unit: string): Daemon {
  return (
    special[unit] ?? {
      reload: (machine) => said(systemctl(machine, "reload-or-restart", [unit])),
      lastRead: (machine) => lastStateChange(machine, unit),
    }
  );
}
