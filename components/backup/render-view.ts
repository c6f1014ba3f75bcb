import { backupRecords, passMount, viewPlace } from "../../delivery/protocol/backups.ts";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";

const [view, looks] = ["fairhost-backup-view@.service", "fairhost-backup-looks.service"];
const [slice, watchLooks] = ["systemd/fairhost-views.slice", "libexec/watch-looks"];
const [pathOfView, pathOfLooks] = [`systemd/${view}`, `systemd/${looks}`];

/** An account's own backups in its `admin/backup`: mounted when somebody looks, gone when nobody has for a while. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: ({ host }) => (host.role === "backup" ? { files: [] } : renderViews()),
};

/** Removes what is mounted. restic first: it answers at once then. */
const tidy = [
  "-/usr/bin/systemctl --quiet stop fairhost-backup-view-%i-*.service",
  "-/usr/bin/umount --quiet --recursive --lazy /srv/accounts/%i/admin/backup",
  `-/usr/bin/umount --quiet --recursive --lazy ${viewPlace}/%i`,
  `-/usr/bin/rmdir ${viewPlace}/%i`,
];

const script = (path: string, file: string): BundleFile => ({
  path,
  content: ownText(import.meta.dirname, file),
  mode: 0o755,
});

function renderViews(): { files: BundleFile[]; units: BundleUnit[] } {
  return {
    files: [
      script(passMount, "pass-mount.py"),
      script(watchLooks, "watch-looks.py"),
      {
        path: slice,
        content: unitFile({
          Unit: { Description: "Backups that accounts look at" },
          Slice: { CPUWeight: "20", IOWeight: "20", MemoryMax: "15%", TasksMax: "2000" },
        }),
      },
      {
        path: pathOfLooks,
        content: unitFile({
          Unit: { Description: "Mounts backups that accounts look at", RequiresMountsFor: "/srv/accounts" },
          Service: {
            Type: "notify",
            NotifyAccess: "all",
            ExecStart: `${currentGeneration}/${watchLooks} ${currentGeneration}/${backupRecords} /srv/accounts`,
            Restart: "always",
            RestartSec: "1s",
            RestartSteps: "5",
            RestartMaxDelaySec: "60s",
            // However often an account looks.
            CPUQuota: "10%",
            MemoryMax: "100M",
            TasksMax: "20",
            // No file system of its own: it would not see what is mounted meanwhile.
            NoNewPrivileges: "yes",
            CapabilityBoundingSet: "CAP_DAC_OVERRIDE CAP_SYS_ADMIN",
            RestrictAddressFamilies: "AF_UNIX",
            PrivateNetwork: "yes",
          },
        }),
      },
      { path: `systemd/multi-user.target.wants/${looks}`, link: `../${looks}` },
      {
        path: pathOfView,
        content: unitFile({
          Unit: { Description: "Backups of account %i, to look at", StartLimitIntervalSec: "0" },
          Service: {
            Type: "exec",
            ExecStart: "/usr/local/sbin/fairhost-host show-backups %i",
            // Whatever has killed it, or these commands too, it does not leave mounts behind that are dead.
            ExecStartPre: tidy,
            ExecStopPost: tidy,
            Restart: "on-failure",
            RestartSec: "1s",
            RestartSteps: "5",
            RestartMaxDelaySec: "60s",
            Slice: "fairhost-views.slice",
            // It mounts for the host, so it has no file system of its own.
            NoNewPrivileges: "yes",
            CapabilityBoundingSet: "CAP_SYS_ADMIN CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_KILL",
            RestrictAddressFamilies: "AF_INET6 AF_UNIX",
            MemoryMax: "160M",
            TasksMax: "64",
            TimeoutStopSec: "10s",
            RuntimeMaxSec: "12h",
          },
        }),
      },
    ],
    units: [
      { name: looks, want: "start", restartOn: [pathOfLooks, watchLooks, "backup/"] },
      { name: view, want: "on-demand", restartOn: [pathOfView, passMount] },
    ],
  };
}
