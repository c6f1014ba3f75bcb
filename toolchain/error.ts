import { UserError } from "../lib/user-error.ts";

/** The toolchain cannot be set up or used. */
export class ToolchainError extends UserError {}

/**
 * Prints on standard error why a command of the toolchain failed, and sets the exit status that the table for all commands has for it
 * (docs/reference/exit-statuses.md): 2 for wrong usage, 5 if it could not be done, 1 with a stack trace for an internal error.
 */
export function endFailed(error: unknown): void {
  // node:util's parseArgs() throws a TypeError with such a code.
  const isUsage = error instanceof TypeError && /^ERR_PARSE_ARGS_/.test((error as NodeJS.ErrnoException).code ?? "");
  const isExpected = isUsage || error instanceof ToolchainError;
  console.error(isExpected ? `${isUsage ? "error: " : ""}${error.message}` : error);
  process.exitCode = isUsage ? 2 : isExpected ? 5 : 1;
}
