import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";

/** Kept free beyond what a generation needs: logs and services must go on. */
const reserve = { bytes: 32 << 20, inodes: 1000 };

/**
 * Makes sure that a whole generation fits before anything is written (as if nothing could be hard-linked: the answer
 * must not depend on what happens to be unchanged).
 * @throws ApplyError with what is free and what is needed.
 */
export function ensureSpace(machine: Machine, bundle: Bundle): void {
  let bytes = 0;
  let inodes = 0;
  for (const group of Object.values(bundle.groups)) {
    for (const { content } of group!.files) {
      const length = Buffer.byteLength(content ?? "");
      // Twice: the file, and its copy in the generation's record. Files take whole blocks.
      bytes += (Math.ceil(length / 4096) + 1) * 4096 + length;
      inodes += 2;
    }
  }
  const needed = { bytes: bytes + reserve.bytes, inodes: inodes + reserve.inodes };
  const free = machine.space(machine.layout.state);
  if (free.freeBytes < needed.bytes) {
    throw new ApplyError(
      `${machine.layout.state}: ${mib(free.freeBytes)} MiB free, ${mib(needed.bytes)} needed: nothing was changed, services go on; free some space and apply again`,
    );
  }
  if (free.freeInodes < needed.inodes) {
    throw new ApplyError(
      `${machine.layout.state}: ${free.freeInodes} inodes free, ${needed.inodes} needed: nothing was changed, services go on; remove some files and apply again`,
    );
  }
}

function mib(bytes: number): number {
  return Math.floor(bytes / (1 << 20));
}
