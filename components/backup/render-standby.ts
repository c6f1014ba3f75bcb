import { type StandbyRecord, standbyRecords } from "../../delivery/protocol/backups.ts";
import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { once } from "../../lib/once.ts";
import { copyTimes } from "../account/standby-copy.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { DeclaredHost, Renderer } from "../registry/bundle/renderer.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { backupService } from "./backup-service.ts";
import { ifAny, looks, minutesIn } from "./often.ts";

/** On a standby host: which accounts' backups it fetches, and how often. */
export const renderer: Renderer<"accounts"> = {
  key: "accounts",
  ofHost: (on) => (on.host.role === "backup" ? { files: [] } : renderStandby(on)),
};

const byStandby = once(({ accounts }: Declaration) => Map.groupBy(accounts, ({ standby }) => standby));

function renderStandby({ declaration, host }: DeclaredHost): { files: BundleFile[]; units: BundleUnit[] } {
  const minutesOf = minutesIn(declaration);
  const records = sortBy(byStandby(declaration).get(host.name) ?? [], ({ number }) => number).flatMap(
    ({ number, plan, backup, limits }): StandbyRecord[] =>
      backup === undefined
        ? []
        : [
            {
              account: number,
              site: backup.site,
              minutes: minutesOf(plan),
              bytes: limits.diskGb * 1e9 * copyTimes,
            },
          ],
  );
  const timed = timedService("fairhost-standby", {
    description: "Fetches backups of the accounts whose standby this host is",
    unit: ifAny(standbyRecords),
    service: backupService("fetch-backups --due"),
    timer: looks,
  });
  return {
    files: [
      { path: standbyRecords, content: records.map((record) => `${JSON.stringify(record)}\n`).join("") },
      ...timed.files,
    ],
    units: timed.units,
  };
}
