import { type OftenRecord, oftenRecords } from "../../delivery/protocol/backups.ts";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { usualStandbyMinutes } from "../account/standby-copy.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { DeclaredHost } from "../registry/bundle/renderer.ts";
import { backupService } from "./backup-service.ts";

/** @returns the minutes that a plan, by its name, lets pass until a standby has what is new */
export function minutesIn({ plans }: Pick<DeclaredHost["declaration"], "plans">): (plan: string) => number {
  const minutesOf = new Map(plans.map(({ name, standbyMinutes }) => [name, standbyMinutes]));
  return (plan) => minutesOf.get(plan) ?? usualStandbyMinutes;
}

/**
 * When a timer looks which accounts with a standby are due. It is the same on every host, so that no unit changes with the first standby or with a plan: a backup is begun when the
 * newest is half of the account's minutes old, 15 or more (components/plan/plan.file.ts), so after three quarters at the latest, and the standby looks before the rest is over.
 */
export const looks = { OnActiveSec: "1min", OnUnitInactiveSec: "3min", RandomizedDelaySec: "15s" } as const;

/** No process for a host that has none of them. @param path of the list of them, in the bundle */
export const ifAny = (path: string) => ({ ConditionFileNotEmpty: `${currentGeneration}/${path}` });

/** Backs up the accounts with a standby as often as their plans promise. */
export function renderOften({ declaration, host }: DeclaredHost): {
  readonly files: BundleFile[];
  readonly units: BundleUnit[];
} {
  const minutesOf = minutesIn(declaration);
  const records = sortBy(
    declaration.accounts.filter((each) => each.host === host.name && each.standby !== undefined && each.backup),
    ({ number }) => number,
  ).map(({ number, plan }): OftenRecord => ({ account: number, minutes: minutesOf(plan) }));
  const timed = timedService("fairhost-backup-often", {
    description: "Backs up the accounts of this host that have a standby",
    unit: ifAny(oftenRecords),
    service: backupService("backup --due --often"),
    timer: looks,
  });
  const content = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  return { files: [{ path: oftenRecords, content }, ...timed.files], units: timed.units };
}
