import { unitFile } from "../../lib/unit-file.ts";
import { confined } from "../host/confined.ts";
import type { Renderer } from "../registry/renderer.ts";

const [service, timer] = ["fairhost-drill.service", "fairhost-drill.timer"] as const;

/** Restores backups as drills, each host at a time of its own, in the hours after those of the backups. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost({ host }) {
    if (host.role === "backup") return { files: [] };
    const [pathOfService, pathOfTimer] = [`systemd/${service}`, `systemd/${timer}`];
    const description = "Restores backups of accounts as drills";
    return {
      files: [
        {
          path: pathOfService,
          content: unitFile({
            Unit: { Description: description, RequiresMountsFor: "/srv/accounts" },
            Service: {
              Type: "oneshot",
              ExecStart: "/usr/local/sbin/fairhost-host drill --due",
              Slice: "fairhost-backup.slice",
              Nice: "19",
              IOSchedulingClass: "idle",
              // It begins no account after two hours; one of them may take as long as restic may (six).
              TimeoutStartSec: "20h",
              ...confined,
              ReadWritePaths: "/run /srv/accounts /var/lib",
            },
          }),
        },
        {
          path: pathOfTimer,
          content: unitFile({
            Unit: { Description: description },
            Timer: { OnCalendar: "09:00", RandomizedDelaySec: "8h", FixedRandomDelay: "yes", Persistent: "yes" },
          }),
        },
        { path: `systemd/timers.target.wants/${timer}`, link: `../${timer}` },
      ],
      units: [
        { name: service, want: "on-demand", restartOn: [pathOfService] },
        { name: timer, want: "start", restartOn: [pathOfTimer] },
      ],
    };
  },
};
