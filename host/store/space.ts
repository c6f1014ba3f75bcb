import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

/** Space that must stay free besides a generation, so that logs and services can continue. */
const reserve = { bytes: 32 << 20, inodes: 1000 };

/**
 * Checks that a whole generation fits before anything is written. Hard links do not count, so that the answer does not depend on
 * unchanged files.
 * @throws ApplyError with the free and the needed space.
 */
export function ensureSpace(machine: Machine, bundle: Bundle): void {
  let bytes = 0;
  let inodes = 0;
  for (const group of Object.values(bundle.groups)) {
    for (const { content } of group!.files) {
      const length = Buffer.byteLength(content ?? "");
      // Twice: the file, and its copy in the generation's record. Files use whole blocks.
      bytes += (Math.ceil(length / 4096) + 1) * 4096 + length;
      inodes += 2;
    }
  }
  const needed = { bytes: bytes + reserve.bytes, inodes: inodes + reserve.inodes };
  const free = machine.space(machine.layout.state);
  if (free.freeBytes < needed.bytes) {
    throw new ApplyError(
      `${machine.layout.state}: ${mib(free.freeBytes)} MiB free, ${mib(needed.bytes)} needed: nothing was changed, services keep running; free some space and apply again`,
    );
  }
  if (free.freeInodes < needed.inodes) {
    throw new ApplyError(
      `${machine.layout.state}: ${free.freeInodes} inodes free, ${needed.inodes} needed: nothing was changed, services keep running; remove some files and apply again`,
    );
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / (1 << 20));
}
