import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Which accounts a host backs up, and the backup hosts that it may use. */
export const backup = {
  name: "backup",
  // The program that makes backups reads them when it starts.
  takesEffect: {
    by: "restart",
    unnoticed: {
      unit: "fairhost-backup-looks.service",
      says: (host) => `Restarts the view of backups on ${host}, shown in accounts in \`admin/backup\`.`,
    },
  },
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)/,
      lines: [
        /\{"account":(?<number>\d+),"site":"(?<backupSite>[a-z0-9-]+)","retentionDays":(?<retention>\d+)(?:,"proofDays":(?<proof>\d+))?\}/,
      ],
    },
    // Whoever asks for a restore needs an approval that names all of it.
    { path: /restores\/(?<number>\d+)/, lines: [/(?<restore>\{.*\})/] },
  ],
  follows: [
    // Whoever changes a standby or a plan needs an approval.
    { path: /often/, lines: [/\{"account":\d+,"minutes":\d+\}/] },
    // Whoever takes some of it away does, too.
    { path: /spool/, lines: [/\d+(?:\.\d+)?/] },
  ],
} as const satisfies BundleFolder;
