import { timedService } from "../host/units/timed-service.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import { backupService } from "./backup-service.ts";

/** Restores backups as drills, each host at a time of its own, in the hours after those of the backups. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: ({ host }) => (host.role === "backup" ? { files: [] } : drills),
};

const drills = timedService("fairhost-drill", {
  description: "Restores backups of accounts as drills",
  // It begins no account after two hours; one of them may take as long as restic may (six).
  service: backupService("drill --due"),
  timer: { OnCalendar: "09:00", RandomizedDelaySec: "8h", FixedRandomDelay: "yes", Persistent: "yes" },
});
