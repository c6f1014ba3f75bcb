import { confined } from "../host/units/confined.ts";

/** Unit that asks at boot which accounts are still this host's (render-fence.ts). */
export const atBoot = "fairhost-fence.service";

/** Name of the slice of what makes, fetches and tries backups. */
export const backupSlice = "fairhost-backup.slice";

/**
 * Settings of its services: they come after everything else on the host.
 * @param words of the command of the applier
 * @param more settings, before those that all have
 */
export const backupService = (words: string, more: Readonly<Record<string, string>> = {}) => ({
  ExecStart: `/usr/local/sbin/fairhost-host ${words}`,
  Slice: backupSlice,
  ...more,
  Nice: "19",
  IOSchedulingClass: "idle",
  // However many accounts there are, and however slow the way is: one day's run never meets the next, nor does a drill, or the first copy of a large account.
  TimeoutStartSec: "20h",
  ...confined,
  ReadWritePaths: "/run /srv/accounts /var/lib",
});
