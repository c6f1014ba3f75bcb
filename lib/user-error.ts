/** How a command fails; `cli/exit-status.ts` has the exit status of each. */
export type Failure = "wrong usage" | "blocked" | "failed" | "locked";

/**
 * An error whose message is complete for the person who reads it: what is wrong, where, and how to fix it. It is printed without
 * a stack trace. Any other error means that Fairhost itself is broken.
 */
export class UserError extends Error {
  readonly failure: Failure;

  constructor(message: string, failure: Failure = "failed", options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.failure = failure;
  }
}
