import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { unitFile } from "../../../lib/systemd/unit-file.ts";
import { logs } from "../../account/account-paths.ts";
import { type HttpServer, unitOf } from "../kinds/server.ts";
import { type Wake, wakeOf } from "../kinds/wake.ts";

/** How many servers of accounts start at once on a host: the script start-slot and the rule about what hosts promise read it here. */
export const startSlots = {
  /** Starts at once for each CPU of the host. */
  perCpu: 4,
  /** Of them, one account has a part of this many. */
  parts: 4,
  /** Seconds for which a start keeps its place at most, whatever the account's program does. */
  longestSeconds: 5,
  /** Seconds after which a server starts in any case, once those before it in the queue have started. */
  patienceSeconds: 80,
  /** Seconds for which it waits for these then. */
  graceSeconds: 15,
  /** One in so many MiB of the host's memory stays free. */
  reserve: 20,
} as const;

/** Directory in which each start leaves a byte, in a file by the server's unit. Root's alone. */
export const wokenDirectory = "/run/fairhost-starts/woken";

/** What the turn itself takes, before a server starts. */
export const turn: Wake = wakeOf(import.meta.dirname);

/** Template of the units for which servers wait before they start; the instance is {@link startOfAlwaysOn} or 0, and the server's unit. */
const start = "fairhost-start@";
const startFile = `systemd/${start}.service`;
const startSlot = "libexec/start-slot";

/** Seconds that the start of a server counts that nobody has asked for yet: nothing shows when it serves. */
const startOfAlwaysOn = 2;

/** The unit for which a server waits. */
export function turnOf(server: Pick<HttpServer, "unit" | "idleSeconds">): string {
  return `${start}${server.idleSeconds === 0 ? startOfAlwaysOn : 0}:${unitOf(server)}.service`;
}

/** @param needMb that must be free for a start */
export function startFiles(needMb: number): BundleFile[] {
  const { perCpu, longestSeconds, patienceSeconds, graceSeconds, reserve } = startSlots;
  const filled = Object.entries({
    LOGS: logs,
    WOKEN: wokenDirectory,
    NEED: needMb,
    PER_CPU: perCpu,
    LONGEST: longestSeconds,
    PATIENCE: patienceSeconds,
    GRACE: graceSeconds,
    RESERVE: reserve,
  }).reduce(
    (script, [name, value]) => script.replaceAll(`@${name}@`, `${value}`),
    readFileSync(join(import.meta.dirname, "start-slot.sh"), "utf8"),
  );
  return [
    { path: startSlot, content: filled, mode: 0o755 },
    {
      path: startFile,
      content: unitFile({
        // A server that starts and ends often needs it as often.
        Unit: { Description: "Turn of %i to start", CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
        // Nothing that needs mounts of its own, for each would make each start slower: it reads names of sockets, memory and its own records. Nor has
        // systemd make its directory (a twelfth of what the turn takes, measured): the first one does.
        Service: {
          Type: "oneshot",
          ExecStart: `/bin/sh ${currentGeneration}/${startSlot} %i`,
          TimeoutStartSec: `${patienceSeconds + graceSeconds + 10}s`,
          NoNewPrivileges: "yes",
          CapabilityBoundingSet: "CAP_DAC_OVERRIDE",
          RestrictAddressFamilies: "AF_NETLINK",
          RestrictNamespaces: "yes",
        },
      }),
    },
  ];
}

/** The template's unit, which is part of the bundle where a server that waits is. */
export const startUnit: BundleUnit = { name: `${start}.service`, want: "on-demand", restartOn: [startFile, startSlot] };
