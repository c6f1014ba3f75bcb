/** How a command fails; `exitStatuses` has the exit status of each. */
export type Failure = "wrong usage" | "blocked" | "failed" | "locked";

/**
 * Exit status of each way in which a command can end: the same for all commands, of the controller and of hosts, since scripts compare
 * them. `cli/exit-status.ts` has what they mean.
 */
export const exitStatuses = {
  done: 0,
  broke: 1,
  "wrong usage": 2,
  "needs approval": 3,
  blocked: 4,
  failed: 5,
  locked: 6,
  drift: 7,
} as const satisfies Readonly<Record<Failure, number>> & Readonly<Record<string, number>>;

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
