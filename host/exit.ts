import { exitStatuses, UserError } from "../lib/user-error.ts";

/**
 * Exit status of a command that an error has ended. What the system refused, for example because a disk is full, is no internal error of
 * Fairhost: something could not be done.
 */
export function exitStatusOf(error: unknown): number {
  if (error instanceof UserError) return exitStatuses[error.failure];
  return error instanceof Error && "syscall" in error ? exitStatuses.failed : exitStatuses.broke;
}

/** What an error says to whoever is to act on it: one that nobody expected, where it comes from. */
export function messageOf(error: unknown): string {
  return error instanceof UserError ? error.message : String((error as Error | undefined)?.stack ?? error);
}
