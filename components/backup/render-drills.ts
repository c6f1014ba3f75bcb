import { confined } from "../host/units/confined.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

/** Restores backups as drills, each host at a time of its own, in the hours after those of the backups. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: ({ host }) => (host.role === "backup" ? { files: [] } : drills),
};

const drills = timedService("fairhost-drill", {
  description: "Restores backups of accounts as drills",
  service: {
    ExecStart: "/usr/local/sbin/fairhost-host drill --due",
    Slice: "fairhost-backup.slice",
    Nice: "19",
    IOSchedulingClass: "idle",
    // It begins no account after two hours; one of them may take as long as restic may (six).
    TimeoutStartSec: "20h",
    ...confined,
    ReadWritePaths: "/run /srv/accounts /var/lib",
  },
  timer: { OnCalendar: "09:00", RandomizedDelaySec: "8h", FixedRandomDelay: "yes", Persistent: "yes" },
});
