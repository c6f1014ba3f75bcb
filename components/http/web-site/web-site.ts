import { z } from "zod";
import { flag, secret, text } from "../../inputs.ts";
import { behaviour, trust } from "../../registry/fields/field-class.ts";
import { format } from "../../schema.ts";
import { wafEntry, wafInputs } from "../../waf/waf.ts";

/** What the owner of a web site may ask of the front end, which does it before the account's program is reached. */

/**
 * Largest bodies of requests that a web site can choose, in MiB; the last one is every host's limit, and that of a web site that chooses
 * none. A body passes through: neither memory nor disk of the host holds it. nginx counts a body without a length against a number of its
 * configuration alone, so each choice is a location there.
 */
export const bodyLimits = [1, 8, 32, 128, 512, 1024] as const;

/**
 * Seconds without a byte of an answer after which a request fails; the last one is every host's limit, and that of a web site that
 * chooses none: enough for a cold start (60 s) and for the pings of WebSockets. Each byte begins them anew: a stream with a ping lasts as
 * long as both ends like.
 */
export const answerLimits = [10, 30, 60, 120, 300] as const;

export const hostLimits = { bodyMaxMb: bodyLimits.at(-1)!, answerSeconds: answerLimits.at(-1)! };

/**
 * Headers of answers that a web site can have from the front end: what browsers and search engines are to do with its pages. Not here:
 * what says how an answer is sent (lengths, codings, connections), what the platform sets (`Strict-Transport-Security`: `hstsSeconds`), and
 * what belongs to one answer (`Set-Cookie`, `Location`, validators). A program sends those itself.
 */
export const headerNames = [
  "Access-Control-Allow-Credentials",
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Origin",
  "Access-Control-Expose-Headers",
  "Access-Control-Max-Age",
  "Cache-Control",
  "Content-Language",
  "Content-Security-Policy",
  "Content-Security-Policy-Report-Only",
  "Cross-Origin-Embedder-Policy",
  "Cross-Origin-Opener-Policy",
  "Cross-Origin-Resource-Policy",
  "Link",
  "Permissions-Policy",
  "Referrer-Policy",
  "Reporting-Endpoints",
  "Service-Worker-Allowed",
  "Timing-Allow-Origin",
  "X-Content-Type-Options",
  "X-Frame-Options",
  "X-Robots-Tag",
] as const;
export type HeaderName = (typeof headerNames)[number];

/** A header's value without what nginx reads as a variable or an escape; no line end can be in it. */
export const headerValue = /[!-#%-[\]-~](?:[ -#%-[\]-~]*[!-#%-[\]-~])?/;

/**
 * bcrypt with cost 4 or 5, or yescrypt with as little memory: the front end computes one for each request, and everybody else's requests
 * wait meanwhile: 2 to 4 ms, against 50 ms with the costs that are usual for logins (measured). A long password made at random needs no more.
 */
export const passwordHash = /\$2[aby]\$0[45]\$[./A-Za-z0-9]{53}|\$y\$j[78]5\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}/;

const visitorName = format("a visitor's name: 1 to 64 letters, digits, or one of . _ @ -", (says) =>
  z.string().regex(/^[A-Za-z0-9._@-]{1,64}$/, says),
);

/**
 * Forms in which the front end can log a web site's requests, for programs that read logs: what Apache and nginx call combined, or an object of JSON a line.
 */
const logFormat = z.enum(["combined", "json"]);

const bodyMaxMb = z.literal(bodyLimits);
const answerSeconds = z.literal(answerLimits);

/** Keys of an HTTP server in its account's file. */
export const webSiteEntry = {
  headers: z
    .partialRecord(
      z.enum(headerNames),
      format("1 to 2000 printable ASCII characters without $ and \\, no space at either end", (says) =>
        z
          .string()
          .max(2000, says)
          .regex(new RegExp(`^${headerValue.source}$`), says),
      ),
    )
    .exactOptional()
    .describe(
      "Headers of all answers of its program, for example `X-Frame-Options: DENY`. One that the program sends itself is kept as it is.",
    ),
  passwords: z
    .record(
      visitorName,
      format(
        "a hash made by `npm run visitor-password`, or by `htpasswd -nB`: bcrypt of cost 4 or 5 ($2y$05$...), or yescrypt j75 or j85",
        (says) => z.string().regex(new RegExp(`^(?:${passwordHash.source})$`), says),
      ),
    )
    .refine((all) => Object.keys(all).length >= 1 && Object.keys(all).length <= 100, "must have 1 to 100 visitors")
    .exactOptional()
    .describe(
      "Visitors who may see the web site, each with a hash of the password (RFC 7617); nobody else does. Hashes from `npm run visitor-password`. Programs get neither name nor password.",
    ),
  bodyMaxMb: bodyMaxMb
    .exactOptional()
    .describe(
      `Largest body of a request in MiB: ${bodyLimits.join(", ")}. More gets 413. Default ${hostLimits.bodyMaxMb}.`,
    ),
  answerSeconds: answerSeconds
    .exactOptional()
    .describe(
      `Seconds without a byte of an answer after which a request gets 504, the time of a start included: ${answerLimits.join(", ")}. Each byte begins them anew. Default ${hostLimits.answerSeconds}.`,
    ),
  cache: z
    .boolean()
    .exactOptional()
    .describe(
      "Whether answers that allow it (RFC 9111: `Cache-Control`, `Expires`) are kept and given to the next visitors without its program, which may sleep meanwhile. The account's plan bounds memory and disk. Default false.",
    ),
  logFormat: logFormat
    .exactOptional()
    .describe(
      "Form of its lines in `admin/logs/front-end`, for programs that read them, in files of its own: `combined` (requests, as AWStats and GoAccess read them: `access-<server>-combined.log`) or `json` (requests and failed ones: `access-<server>-json.log`, `error-<server>-json.log`). Default: lines of all web sites of the account are in `access.log` and `error.log`.",
    ),
  waf: wafEntry,
};

/** Inputs of an HTTP server. */
export const webSiteInputs = {
  headers: behaviour(z.record(text, text)).exactOptional().describe("Headers of all answers of its program."),
  passwords: trust(z.record(text, secret))
    .exactOptional()
    .describe("Visitors who alone may see it, with hashes of their passwords."),
  bodyMaxMb: behaviour(bodyMaxMb).exactOptional().describe("Largest body of a request in MiB."),
  answerSeconds: behaviour(answerSeconds)
    .exactOptional()
    .describe("Seconds without a byte of an answer after which a request fails."),
  cache: behaviour(flag).exactOptional().describe("Whether its answers are kept for the next visitors (RFC 9111)."),
  logFormat: behaviour(logFormat).exactOptional().describe("Form of its lines in the logs of the front end."),
  waf: wafInputs,
};

/** What of a web site needs a program behind the front end. */
export const webSiteKeys = Object.keys(webSiteEntry) as readonly (keyof typeof webSiteEntry)[];
