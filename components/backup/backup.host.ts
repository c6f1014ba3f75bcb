import type { BundleFolder } from "../registry/bundle-folder.ts";

/** Which accounts a host backs up, and the backup hosts that it may use. */
export const backup = {
  name: "backup",
  // The program that makes backups reads them when it starts.
  takesEffect: { by: "look-up" },
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)/,
      lines: [
        /\{"account":(?<number>\d+),"site":"(?<backupSite>[a-z0-9-]+)","retentionDays":(?<retention>\d+)(?:,"proofDays":(?<proof>\d+))?\}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
