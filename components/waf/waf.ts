import { z } from "zod";
import { flag, texts } from "../inputs.ts";
import { promise } from "../registry/fields/field-class.ts";
import { format } from "../schema.ts";

/** The web application firewall of a web site, as its owner declares it. */

/**
 * How much is refused, the least first. By the score of a request, which each rule of OWASP CRS that matches adds to: `basic` from 10 points on,
 * `strong` from 5, `complete` from 5 with the rules of paranoia level 2 beside those of level 1.
 */
export const wafLevels = ["basic", "strong", "complete"] as const;

/** MiB of a request's body that can be looked at. A body is held while it is; a larger one is refused, because half a look is none. */
export const lookedAtMb = 32;

/** Rules that can be left out: those that look for attacks. The others count points and refuse. */
export const ruleNumber = /9(?:1[1-9]|[23][0-9]|4[0-4])[0-9]{3}/;
const exclusion = new RegExp(
  `^(?<rule>${ruleNumber.source})(?: (?<path>/[A-Za-z0-9/._~-]{0,200}))?(?: from (?<from>[0-9a-f:.]{2,39}/[0-9]{1,3}))?$`,
);

/** One exclusion, taken apart. @throws {RangeError} for any other text */
export function exclusionOf(words: string): { readonly rule: string; readonly path?: string; readonly from?: string } {
  const found = exclusion.exec(words)?.groups as { rule: string; path?: string; from?: string } | undefined;
  if (found === undefined) throw new RangeError(`${words} is no exclusion`);
  return found;
}

const prefix = z.union([z.cidrv4(), z.cidrv6()]);

const exclusionSchema = format(
  "the number of a rule (911000 to 944999), then a path, `from` and a range of addresses, or both: `942100 /admin from 2001:db8::/32`",
  (says) =>
    z
      .string()
      .regex(exclusion, says)
      .refine((words) => {
        const from = exclusion.exec(words)?.groups?.from;
        return from === undefined || prefix.safeParse(from).success;
      }, says),
);

const level = z.enum(wafLevels);

/** In an account's file. */
export const wafEntry = z
  .strictObject({
    level: level.describe(
      "`basic` refuses almost certain attacks, `strong` likely ones, `complete` also suspicious requests (expect false alarms).",
    ),
    watchOnly: z.boolean().exactOptional().describe("Whether hits are only written down. Default false."),
    exclusions: z
      .array(exclusionSchema)
      .min(1)
      .max(50)
      .exactOptional()
      .describe(
        "Rules that do not count: `942100`, `942100 /admin` (below this path, as the program gets it), `942100 from 2001:db8::/32` (for visitors from there).",
      ),
  })
  .exactOptional()
  .describe(
    `Web application firewall (OWASP CRS) in front of its program. Hits are in \`admin/logs/front-end/waf.log\`. Bodies of requests may have ${lookedAtMb} MiB. Default: none.`,
  );

/** Inputs of an HTTP server. */
export const wafInputs = promise(
  z.strictObject({
    level: promise(level, { weaker: wafLevels }).describe("What it refuses: `basic`, `strong` or `complete`."),
    watchOnly: promise(flag, { weaker: "more" }).exactOptional().describe("Whether it only writes hits down."),
    exclusions: promise(texts, { weaker: "more" })
      .exactOptional()
      .describe("Rules that do not count, of some paths or visitors or of all."),
  }),
  { later: true },
)
  .exactOptional()
  .describe("Web application firewall in front of its program.");
