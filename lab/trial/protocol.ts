/** What the processes of a trial say to each other. */

/** UDP port of requests: echo (RFC 862). */
export const requestPort = 7;

/** Requests a second, to all accounts together. */
export const requestRate = 200;

/** Milliseconds after which a request without an answer is lost. */
export const patience = 1000;

/** What the visitor has seen of one account at one of its addresses since it was last asked. */
export interface Seen {
  readonly account: number;
  readonly answered: number;
  /** Requests that a later one has overtaken, or that had no answer within {@link patience}. */
  readonly lost: number;
  /** Longest time without an answer in milliseconds, also one that goes on. */
  readonly longestGap: number;
}

/** Accounts that do not answer at every address: who has IPv4 alone reaches them by no other. */
export function silent(seen: readonly Seen[]): number[] {
  return [...new Set(seen.flatMap(({ account, answered }) => (answered === 0 ? [account] : [])))];
}

/** What the visitor asks for, by account: at its own address, and over IPv4 at its host's, if that has one. */
export interface Targets {
  readonly accounts: readonly { readonly account: number; readonly address: string; readonly source: string }[];
}
