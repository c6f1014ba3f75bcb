import { bakery, choir, clinic, engraver, ferry } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules about accounts. */
export const seeds: Readonly<Record<string, Seed>> = {
  "an account on a backup host": {
    rules: ["backup-site-far-away", "accounts-on-account-hosts", "backup-target"],
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: bak1-backup1"),
  },
  "an account on a spare host": {
    rules: ["accounts-on-account-hosts"],
    edit: (draft) => draft.edit(engraver, "host: par1-web4", "host: par1-spare1"),
  },
  "a standby on a spare host": {
    rules: ["accounts-on-account-hosts"],
    edit: (draft) => draft.edit(clinic, "standby: par2-web3", "standby: par2-spare1"),
  },
  "a standby without a key in known_hosts": {
    rules: ["standby-fetches"],
    edit: (draft) => draft.edit("known_hosts", "2a00:b6e0:200::13 ", "# 2a00:b6e0:200::13 "),
  },
  "an account with little weight beside a heavy one": {
    rules: ["guaranteed-cores"],
    edit: (draft) => {
      draft.append(choir, "limits:\n  cpuWeight: 1\n");
      draft.append(bakery, "limits:\n  cpuWeight: 10000\n");
    },
  },
  "an account without protection": {
    rules: ["account-with-data-protected"],
    edit: (draft) => draft.append(ferry, "protect: false\n"),
  },
};
