/** A connection that cannot be made. */
export class DialError extends Error {
  /** Trying again is useless or harmful: a wrong key, a refused login. */
  readonly final: boolean;
  constructor(message: string, final: boolean) {
    super(message);
    this.final = final;
  }
}

/** A session that the server would not open on a connection that has others: nothing was run. */
export class SessionRefused extends Error {}

/** A connection that was lost before a session could begin on it: nothing was run. */
export class ConnectionGone extends Error {}
