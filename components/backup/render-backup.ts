import {
  type BackupRecord,
  backupPort,
  backupRecords,
  type Keeper,
  keepersFile,
  keepersKeys,
  spoolFile,
} from "../../delivery/protocol/backups.ts";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { replacingAccounts } from "../../delivery/protocol/moving.ts";
import { type RestoreRequest, restoreRequests } from "../../delivery/protocol/restores.ts";
import { sortBy } from "../../lib/lists.ts";
import { plainAddress, unitFile } from "../../lib/systemd/unit-file.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { DeclaredHost, Renderer } from "../registry/bundle/renderer.ts";
import type { Element, Hostless } from "../registry/kind.ts";
import { atBoot, backupService, backupSlice } from "./backup-service.ts";
import { renderOften } from "./often.ts";

export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  whileSuspended: true,
  ofHost: (on) => (on.host.role === "backup" ? { files: [] } : renderBackup(on)),
  ofAccount: ({ account }) => ({ files: [...renderRecord(account), ...renderRestore(account)] }),
};

function renderRecord({ number, backup }: Hostless<"accounts">): BundleFile[] {
  if (backup === undefined) return [];
  const { site, retentionDays, proofDays } = backup;
  const record: BackupRecord = { account: number, site, retentionDays, ...(proofDays !== undefined && { proofDays }) };
  return [{ path: `${backupRecords}${number}`, content: `${JSON.stringify(record)}\n` }];
}

function renderRestore({ number, restore }: Hostless<"accounts">): BundleFile[] {
  if (restore === undefined) return [];
  const { id, snapshot, what } = restore;
  const request: RestoreRequest = { account: number, id, snapshot, what };
  return [{ path: `${restoreRequests}${number}`, content: `${JSON.stringify(request)}\n` }];
}

/** Backup hosts that are there and have a pinned key. */
export function keepersFor({ hosts }: Pick<DeclaredHost["declaration"], "hosts">): readonly Element<"hosts">[] {
  return sortBy(
    hosts.filter(({ role, ssh, lost }) => role === "backup" && lost === undefined && ssh?.hostKey !== undefined),
    ({ name }) => name,
  );
}

/** Backs up every account of the host once a day, each host at a time of its own. */
function renderBackup(on: DeclaredHost): { files: BundleFile[]; units: BundleUnit[] } {
  const hosts = keepersFor(on.declaration);
  const keepers = hosts.map(({ name, site, address }): Keeper => ({ name, site, address: plainAddress(address) }));
  const keys = hosts.map(({ address, ssh }) => `[${address}]:${backupPort} ${ssh!.hostKey}\n`);
  const timed = timedService("fairhost-backup", {
    description: "Backs up the accounts of this host",
    // What failed is tried again, at most as often as a day has hours; what succeeded is not done twice.
    service: backupService("backup --due", { Restart: "on-failure", RestartSec: "1h" }),
    // Persistent: a day on which the host was off is made up for when it boots.
    timer: { OnCalendar: "daily", RandomizedDelaySec: "8h", FixedRandomDelay: "yes", Persistent: "yes" },
  });
  const often = renderOften(on);
  const restores = timedService("fairhost-restore", {
    description: "Restores what the inventory asks for",
    // No process where nothing is asked for, or was begun. Not before it is known which accounts are still this host's.
    unit: {
      After: atBoot,
      ConditionDirectoryNotEmpty: [`|${currentGeneration}/${restoreRequests.slice(0, -1)}`, `|${replacingAccounts}`],
    },
    // It ends with an apply, which may repair anything; and while it exchanges data, the account is down.
    service: { ExecStart: "/usr/local/sbin/fairhost-host restore-declared", TimeoutStartSec: "20h" },
    // `guard deploy` does not wait for it. This is for others, and goes on with what was interrupted, also after a boot.
    timer: { OnActiveSec: "2min", OnUnitInactiveSec: "5min", RandomizedDelaySec: "15s" },
  });
  return {
    files: [
      { path: keepersFile, content: `${JSON.stringify(keepers)}\n` },
      { path: keepersKeys, content: keys.join("") },
      ...(on.host.spoolGb === undefined ? [] : [{ path: spoolFile, content: `${on.host.spoolGb}\n` }]),
      {
        path: `systemd/${backupSlice}`,
        // The least that there is: whatever accounts want comes first.
        content: unitFile({
          Unit: { Description: "Backups" },
          Slice: { CPUWeight: "idle", IOWeight: "1", MemoryMax: "25%", TasksMax: "500" },
        }),
      },
      ...timed.files,
      ...often.files,
      ...restores.files,
    ],
    units: [...timed.units, ...often.units, ...restores.units],
  };
}
