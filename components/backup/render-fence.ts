import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { atBoot } from "./backup-service.ts";
import { keepersFor } from "./render-backup.ts";

const program = "/usr/local/sbin/fairhost-host fence";

/** Hosts ask their backup hosts whether they were declared lost, and hold the accounts that have gone meanwhile (host/moves/fence.ts). */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: (on) =>
    // Without a key in the inventory no backup host knows it.
    on.host.role === "backup" || on.host.ssh?.hostKey === undefined || keepersFor(on.declaration).length === 0
      ? { files: [] }
      : renderFence(),
};

function renderFence(): { files: BundleFile[]; units: BundleUnit[] } {
  const again = timedService("fairhost-fence-again", {
    description: "Asks backup hosts again whether accounts have gone",
    unit: { After: atBoot },
    service: { ExecStart: program, TimeoutStartSec: "1h" },
    timer: { OnActiveSec: "1min", OnUnitInactiveSec: "2min", RandomizedDelaySec: "30s" },
  });
  return {
    files: [
      {
        path: `systemd/${atBoot}`,
        content: unitFile({
          Unit: {
            Description: "Asks backup hosts whether accounts have gone",
            // The way to them is what BIRD hears.
            After: "network.target bird.service",
            RequiresMountsFor: "/srv/accounts",
          },
          Service: {
            Type: "oneshot",
            RemainAfterExit: "yes",
            ExecStart: `${program} boot`,
            // It waits an hour at most for an answer; the rest is for holding accounts that have gone.
            TimeoutStartSec: "75min",
            // If it was killed while it waited, nothing waits any more.
            ExecStopPost: "/bin/rm -f /run/fairhost/fence-waits",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${atBoot}`, link: `../${atBoot}` },
      {
        // At boot no program of an account starts before. Their sockets do: whoever calls waits.
        path: "systemd/account-.service.d/50-fence.conf",
        content: unitFile({ Unit: { After: atBoot } }),
      },
      ...again.files,
    ],
    // Only a boot starts it.
    units: [{ name: atBoot, want: "on-demand", restartOn: [] }, ...again.units],
  };
}
