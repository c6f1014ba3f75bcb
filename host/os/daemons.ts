import type { Names } from "../../components/bundle-folders.generated.ts";
import { bird } from "./bird.ts";
import type { Machine } from "./machine.ts";
import { nginx } from "./nginx.ts";
import { lastStateChange, said, systemctl } from "./systemd.ts";

/** A unit that reads changed files by a reload. */
export interface Daemon {
  /** @returns what went wrong */
  reload(machine: Machine): Promise<string | undefined>;
  /** When it last read its configuration, in milliseconds since 1970; a little late is fine. Undefined if it cannot be told. */
  lastRead(machine: Machine): Promise<number | undefined>;
}

/** Those of which systemd does not know whether a reload succeeded, or when it was. */
const special: Readonly<Record<string, Daemon>> = {
  "nginx.service": nginx,
  "bird.service": bird,
} satisfies Partial<Record<Names["reloaded"], Daemon>>;

export function daemonOf(unit: string): Daemon {
  return (
    special[unit] ?? {
      reload: (machine) => said(systemctl(machine, "reload-or-restart", [unit])),
      lastRead: (machine) => lastStateChange(machine, unit),
    }
  );
}
