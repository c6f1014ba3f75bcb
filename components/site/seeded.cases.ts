import { backupHosts, bak1, ferry, par1, web1 } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

const backup = "backupSite: bak1";

/** Violations of the rules about sites: chains, backups, spare parts. */
export const seeds: Readonly<Record<string, Seed>> = {
  "both chains of a hall on one feed": {
    rules: ["two-power-supplies-on-two-chains", "devices-on-two-chains", "survives-any-single-loss"],
    edit: (draft) => draft.edit(par1, "feed: feed-south", "feed: feed-north"),
  },
  "one provider of all sites": {
    rules: ["two-providers", "backup-site-far-away"],
    edit: (draft) => draft.edit(bak1, "provider: telehouse", "provider: equinix"),
  },
  "the backups around the corner": {
    rules: ["backup-site-far-away"],
    edit: (draft) =>
      draft.edit(bak1, "latitude: 48.7283", "latitude: 48.9400").edit(bak1, "longitude: 2.0592", "longitude: 2.3600"),
  },
  "no backup site": {
    rules: ["backup-site-far-away", "backup-target", "standby-fetches"],
    edit: (draft) => draft.edit(par1, `${backup}\n`, ""),
  },
  "backups where the data are": {
    rules: ["backup-site-far-away", "backup-target"],
    edit: (draft) => draft.edit(par1, backup, "backupSite: par1"),
  },
  "backup hosts made spare hosts": {
    rules: ["backup-hosts-there"],
    edit: (draft) => {
      for (const host of backupHosts) draft.edit(host, "role: backup", "role: spare");
    },
  },
  "backup hosts in another cell": {
    rules: ["backup-hosts-there"],
    edit: (draft) => {
      for (const host of backupHosts) draft.edit(host, "role: backup", "role: backup\ncell: second");
    },
  },
  "backups kept shorter than promised": {
    rules: ["backup-target"],
    edit: (draft) => draft.edit(ferry, "retentionDays: 60", "retentionDays: 14"),
  },
  "the last spare router used": {
    rules: ["spare-parts"],
    edit: (draft) => draft.edit(par1, "model: MX204\n    count: 1", "model: MX204\n    count: 0"),
  },
  "a new model of power supply without a spare": {
    rules: ["spare-parts"],
    edit: (draft) => draft.edit(web1, "model: PWS-1K23A-1R", "model: PWS-2K08A-1R"),
  },
};
