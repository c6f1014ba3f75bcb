import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../lib/user-error.ts";

/** How to reach a forge's REST API. */
export interface ClientOptions {
  readonly name: string;
  /** For example `https://api.github.com`. */
  readonly api: string;
  /** Sent with every request; the only place where the token is. */
  readonly headers: Readonly<Record<string, string>>;
  /** Masked in every message. */
  readonly token: string;
  /** Seconds before the first retry; doubled each time. */
  readonly backoffSeconds?: number;
}

/** A request that failed. */
export class ForgeError extends UserError {
  readonly status: number | undefined;
  /** Whether the request may have been executed nevertheless, so that it must not simply be sent again. */
  readonly uncertain: boolean;

  constructor(message: string, status?: number, uncertain = false) {
    super(message);
    this.status = status;
    this.uncertain = uncertain;
  }
}

interface Answer {
  readonly body: unknown;
  /** The next page, if there is one. */
  readonly next: string | undefined;
}

const attempts = 5;
const longestWait = 120;
const mostHops = 5;
const timeoutSeconds = 30;

/** A forge's REST API. Retries when the forge is busy or broken, follows pages, and makes readable errors. */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = { ...options, api: options.api.replace(/\/+$/, "") };
  }

  /** Every element of a list, over all its pages. */
  async *list<T>(path: string): AsyncGenerator<T> {
    for (let url: string | undefined = this.#url(path); url !== undefined; ) {
      const { body, next }: Answer = await this.#send("GET", url);
      yield* body as T[];
      url = next;
    }
  }

  async get<T>(path: string): Promise<T> {
    return (await this.#send("GET", this.#url(path))).body as T;
  }

  async send(method: "POST" | "PATCH" | "PUT", path: string, body: unknown): Promise<void> {
    await this.#send(method, this.#url(path), body);
  }

  #url(path: string): string {
    return `${this.#options.api}${path}`;
  }

  async #send(method: string, url: string, body?: unknown): Promise<Answer> {
    const { api, backoffSeconds = 1 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      let wait = backoffSeconds * 2 ** (attempt - 1);
      let failure: ForgeError;
      try {
        const response = await this.#fetch(method, url, body);
        const text = await response.text();
        if (response.ok) return { body: text === "" ? undefined : JSON.parse(text), next: nextPage(response, api) };
        failure = this.#refused(method, url, response, text);
        const asked = retryAfter(response);
        // GitHub limits the rate of requests with 403 and a time to wait.
        const busy = response.status === 429 || (response.status === 403 && asked !== undefined);
        if (!busy && response.status < 500) throw failure;
        if (!busy && method === "POST") throw failure;
        wait = asked ?? wait;
      } catch (error) {
        if (error instanceof ForgeError) throw error;
        failure = new ForgeError(
          this.#words(`${method} ${url} failed: ${causeOf(error)}`),
          undefined,
          method === "POST",
        );
        if (method === "POST") throw failure;
      }
      if (attempt === attempts || wait > longestWait) throw failure;
      await sleep(wait * 1000);
    }
  }

  /** Follows redirections only on the forge's own server: the runtime would take GitLab's token along to any other. */
  async #fetch(method: string, url: string, body: unknown): Promise<Response> {
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    for (let hops = 0; ; hops++) {
      const response = await fetch(url, {
        ...{ method, signal, redirect: "manual" },
        headers: { ...this.#options.headers, "content-type": "application/json", "user-agent": "fairhost-guard" },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const location = response.headers.get("location");
      if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
      const target = new URL(location, url);
      const refuse = (why: string) =>
        new ForgeError(this.#words(`${method} ${url} is redirected to ${target.origin}${target.pathname}${why}`));
      if (target.origin !== new URL(this.#options.api).origin) {
        throw refuse(
          ", another server: the token was not sent there. Set the address of the API to that of the forge itself",
        );
      }
      // 301 to 303 turn everything else into a GET.
      if (method !== "GET" && response.status < 307) throw refuse(", which would lose what is sent");
      if (hops === mostHops) throw refuse(`, the ${mostHops + 1}th time`);
      await response.body?.cancel();
      url = target.href;
    }
  }

  #refused(method: string, url: string, { status }: Response, text: string): ForgeError {
    let said = text.slice(0, 300);
    try {
      const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
      said = typeof message === "string" ? message : JSON.stringify(message ?? error);
    } catch {
      // Not JSON: show it as it is.
    }
    const fix =
      status === 401
        ? " Check the token: it is invalid or expired."
        : status === 403 || status === 404
          ? " The token may lack the permission to write comments here."
          : "";
    return new ForgeError(
      this.#words(`answers ${status} to ${method} ${url}: ${said}.${fix}`),
      status,
      status >= 500 && method === "POST",
    );
  }

  #words(text: string): string {
    const { name, token } = this.#options;
    return `${name}: ${text}`.replaceAll(token, "***");
  }
}

/** The next page of a list. A page on another server is not followed, because the token would be sent there. */
function nextPage(response: Response, api: string): string | undefined {
  const next = /<([^>]+)>;[^,]*\brel="?next"?/.exec(response.headers.get("link") ?? "")?.[1];
  if (next === undefined) return undefined;
  const url = new URL(next, api);
  if (url.origin !== new URL(api).origin)
    throw new ForgeError(`The next page of a list is on ${url.origin}, not on ${api}.`);
  return url.href;
}

/** Seconds to wait according to the answer, which gives a number or a date. */
function retryAfter({ headers }: Response): number | undefined {
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function causeOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || message : message;
}
