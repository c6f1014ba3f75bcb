/** What RFC 9111 asks of a shared cache, in our own words, as a table: visits of one address one after another, and where each answer came from. */

/** What the program would answer now. */
export interface Says {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** What it answers to a request with a condition. */
  readonly valid?: Says;
  /** It ends before the end of the body. */
  readonly cut?: "length" | "chunks";
}

/** One visit. */
export interface Visit {
  /** `server`: the program was asked. `cache`: it was not. */
  readonly from?: "server" | "cache";
  readonly method?: string;
  readonly send?: Readonly<Record<string, string>>;
  readonly answer?: Says;
  /** Body of the request. */
  readonly content?: string;
  /** Seconds before it. */
  readonly wait?: number;
  /** Appended to the address. */
  readonly path?: string;
  readonly status?: number;
  readonly body?: string | RegExp;
  /** Headers of the answer; undefined: it has none. */
  readonly has?: Readonly<Record<string, RegExp | undefined>>;
}

/**
 * `must`: the RFC says MUST or MUST NOT, or the answer would be wrong. `should`: it says SHOULD. `may`: it leaves it to the cache, and this is what ours does.
 */
export type Row = readonly [level: "must" | "should" | "may", section: string, name: string, ...visits: Visit[]];

export const says = (
  control: string | readonly string[] | undefined,
  more: Says["headers"] = {},
  status = 200,
): Says => ({
  status,
  headers: { ...(control !== undefined && { "Cache-Control": control }), ...more },
});
/** Seconds from now. Times of HTTP have no fractions. */
export const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
/** Seconds from the answer, in a header of it: for times so close that it matters how long the host took to boot. */
export const fromAnswer = (seconds: number) => `<${seconds}>`;
export const minute = says("max-age=60");
export const tag = { ETag: '"a"' };
export const modified = { "Last-Modified": date(-3600) };
export const first = (answer: Says, more: Partial<Visit> = {}): Visit => ({ from: "server", answer, ...more });
export const next = (from: Visit["from"], more: Partial<Visit> = {}): Visit => ({
  ...(from && { from }),
  answer: minute,
  ...more,
});
export const kept = next("cache");
export const notKept = next("server");
export const later = { wait: 2.2 };
/** Answers with an error from now on. */
export const failing = { answer: { status: 500, body: "failed" } };

/** An answer that is or is not used for the next visitor. */
export const used = (
  level: Row[0],
  section: string,
  name: string,
  answer: Says,
  from: "cache" | "server",
  more: Partial<Visit> = {},
): Row => [level, section, name, first(answer), next(from, more)];

export const condition = (name: string, value: string): Partial<Visit> => ({ send: { [name]: value } });
