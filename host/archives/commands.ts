import { purgeSuperseded } from "../moves/steps.ts";
import type { Machine } from "../os/machine.ts";
import { purgeReplaced } from "../restores/kept.ts";
import { archive } from "./archive.ts";
import { purge, removeData } from "./remove.ts";
import { restoreDatabases, restoreFiles } from "./restore.ts";

/**
 * What happens to the data of one account.
 * @returns the work, which gives the paths that it is about; undefined if the words make no sense
 */
export function archiveCommand(
  machine: Machine,
  command: "archive" | "restore" | "remove" | "purge",
  [of, what, ...more]: readonly string[],
  keepDays: number,
): (() => Promise<readonly string[]>) | undefined {
  const number = Number(of);
  if (command === "purge") {
    if (of !== undefined) return undefined;
    return async () => [
      ...(await purgeSuperseded(machine, new Date())),
      ...(await purgeReplaced(machine, new Date())),
      ...(await purge(machine, new Date())),
    ];
  }
  if (!Number.isSafeInteger(number) || number < 1 || more.length > 0) return undefined;
  if (command === "restore") {
    const restore = what === "files" ? restoreFiles : what === "databases" ? restoreDatabases : undefined;
    return restore && (async () => [await restore(machine, number)]);
  }
  if (what !== undefined) return undefined;
  if (command === "remove") return async () => [await removeData(machine, number)];
  const isDays = Number.isSafeInteger(keepDays) && keepDays >= 1 && keepDays <= 3660;
  return isDays ? async () => [await archive(machine, number, keepDays)] : undefined;
}
