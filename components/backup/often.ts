import { type OftenRecord, oftenRecords } from "../../delivery/protocol/backups.ts";
import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { sortBy } from "../../lib/lists.ts";
import { usualStandbyMinutes } from "../account/standby-copy.ts";
import { timedService } from "../host/units/timed-service.ts";
import type { DeclaredHost } from "../registry/bundle/renderer.ts";

/** @returns the minutes that a plan, by its name, lets pass until a standby has what is new */
export function minutesIn({ plans }: Pick<DeclaredHost["declaration"], "plans">): (plan: string) => number {
  const minutesOf = new Map(plans.map(({ name, standbyMinutes }) => [name, standbyMinutes]));
  return (plan) => minutesOf.get(plan) ?? usualStandbyMinutes;
}

/**
 * Minutes between two looks of a timer that serves these accounts. A backup is begun when the newest is half of the account's minutes old, that is after three quarters at the latest,
 * and the standby looks after another quarter: together, all of them.
 */
export const quarterOf = (records: readonly { readonly minutes: number }[]) =>
  Math.floor(Math.min(...records.map(({ minutes }) => minutes)) / 4);

/**
 * Backs up the accounts with a standby as often as their plans promise.
 * @param service settings of its service
 */
export function renderOften(
  { declaration, host }: DeclaredHost,
  service: Parameters<typeof timedService>[1]["service"],
): { readonly files: BundleFile[]; readonly units: BundleUnit[] } {
  const minutesOf = minutesIn(declaration);
  const records = sortBy(
    declaration.accounts.filter((each) => each.host === host.name && each.standby !== undefined && each.backup),
    ({ number }) => number,
  ).map(({ number, plan }): OftenRecord => ({ account: number, minutes: minutesOf(plan) }));
  if (records.length === 0) return { files: [], units: [] };
  const timed = timedService("fairhost-backup-often", {
    description: "Backs up the accounts of this host that have a standby",
    service,
    timer: { OnActiveSec: "1min", OnUnitInactiveSec: `${quarterOf(records)}min`, RandomizedDelaySec: "15s" },
  });
  const content = records.map((record) => `${JSON.stringify(record)}\n`).join("");
  return { files: [{ path: oftenRecords, content }, ...timed.files], units: timed.units };
}
