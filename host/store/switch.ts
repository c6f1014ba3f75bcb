import type { Machine } from "../os/machine.ts";
import { discard, type Generation, generationDirectory } from "./generations.ts";

/**
 * Puts a complete generation in force by one exchange of directory names: readers see the old one or the new one. The old one then gets
 * the name of its number; after a crash before that, `settleGenerations` does it.
 * @param to number of the generation; 0 is the empty one.
 */
export function switchTo(machine: Machine, from: Generation, to: number): void {
  const { disk, layout } = machine;
  const directory = generationDirectory(machine, to);
  if (to === 0) disk.makeDirectory(directory);
  disk.exchange(layout.current, directory);
  if (from.number === 0) discard(machine, directory);
  else disk.rename(directory, generationDirectory(machine, from.number));
}
