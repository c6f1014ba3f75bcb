import type { Element } from "../../registry/kind.ts";

type Host = Element<"hosts">;

/**
 * Bytes per second of an md resync. The kernel's default limit is 200 MB/s (md(4), sync_speed_max); a resync yields to
 * other work.
 */
const resyncBytesPerSecond = 200e6;

/** Minutes until a new member of a mirror is complete; the whole disk is copied, used or not (md(4)). */
export function resyncMinutes(sizeGb: number): number {
  return Math.ceil((sizeGb * 1e9) / resyncBytesPerSecond / 60);
}

/** Disks whose slot has another disk afterwards, or none. */
export function swappedDisks(was: Host, is: Host): Host["disks"][number][] {
  const serials = new Map(is.disks.map(({ slot, serial }) => [slot, serial]));
  return was.disks.filter(({ slot, serial }) => serials.get(slot) !== serial);
}
