import type { Element } from "../registry/kind.ts";

type Host = Element<"hosts">;

/**
 * Bytes a second of an md resync. The kernel's default ceiling is 200 MB/s (md(4), sync_speed_max), and it makes way for
 * other work.
 */
const resyncBytesPerSecond = 200e6;

/** Minutes until a new member of a mirror holds everything; all of the disk is copied, used or not (md(4)). */
export function resyncMinutes(sizeGb: number): number {
  return Math.ceil((sizeGb * 1e9) / resyncBytesPerSecond / 60);
}

/** Disks whose slot holds another one afterwards, or none. */
export function swappedDisks(was: Host, is: Host): Host["disks"][number][] {
  const serials = new Map(is.disks.map(({ slot, serial }) => [slot, serial]));
  return was.disks.filter(({ slot, serial }) => serials.get(slot) !== serial);
}
