/** An error whose message is complete for the user (what is wrong, where, how to mend): print it without a stack. */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
}
