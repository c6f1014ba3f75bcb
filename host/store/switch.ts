import type { Machine } from "../os/machine.ts";
import { discard, type Generation, generationDirectory } from "./generations.ts";

/**
 * Puts a complete generation in force: one exchange of directory names, so a reader finds the old one or the new one. The
 * one that was in force gets its own place under its number; a crash before that is put right by `settleGenerations`.
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
