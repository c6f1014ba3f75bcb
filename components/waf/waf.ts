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

/** Applications whose ordinary requests look like attacks, and of which OWASP CRS 3.3 knows in which fields (its files REQUEST-903). */
export const wafApplications = ["dokuwiki", "drupal", "nextcloud", "wordpress", "xenforo"] as const;

/** Rules that can be left out: those that look for attacks. The others count points and refuse. */
const ruleNumber = /9(?:1[1-9]|[23][0-9]|4[0-4])[0-9]{3}/;
const exclusion = new RegExp(
  `^(?<rule>${ruleNumber.source}(?:-${ruleNumber.source})?)(?: (?<path>/[A-Za-z0-9/._~-]{0,200}))?(?: from (?<from>[0-9a-f:.]{2,39}/[0-9]{1,3}))?$`,
);

/** One exclusion, taken apart. @throws {RangeError} for any other text */
export function exclusionOf(words: string): { readonly rule: string; readonly path?: string; readonly from?: string } {
  const found = exclusion.exec(words)?.groups as { rule: string; path?: string; from?: string } | undefined;
  if (found === undefined) throw new RangeError(`${words} is no exclusion`);
  return found;
}

const prefix = z.union([z.cidrv4(), z.cidrv6()]);

const exclusionSchema = format(
  "the number of a rule (911000 to 944999), or the first and last of several (`942000-942999`), then a path, `from` and a range of addresses, or both: `942100 /admin from 2001:db8::/32`",
  (says) =>
    z
      .string()
      .regex(exclusion, says)
      .refine((words) => {
        const { rule, from } = exclusion.exec(words)?.groups ?? {};
        const [first, last = first] = rule?.split("-") ?? [];
        return `${first}` <= `${last}` && (from === undefined || prefix.safeParse(from).success);
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
    applications: z
      .array(z.enum(wafApplications))
      .min(1)
      .max(wafApplications.length)
      .exactOptional()
      .describe(
        "Applications that it serves, and nothing that is not one of them: fields in which their users write HTML or code are not looked at. Default: all are.",
      ),
    exclusions: z
      .array(exclusionSchema)
      .min(1)
      .max(50)
      .exactOptional()
      .describe(
        "Rules that do not count: `942100`, `942000-942999` (all of these), `942100 /admin` (below this path, as the program gets it), `942100 from 2001:db8::/32` (for visitors from there).",
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
    applications: promise(z.array(z.enum(wafApplications)), { weaker: "more" })
      .exactOptional()
      .describe("Applications whose fields for HTML or code it does not look at."),
    exclusions: promise(texts, { weaker: "more" })
      .exactOptional()
      .describe("Rules that do not count, of some paths or visitors or of all."),
  }),
  { later: true },
)
  .exactOptional()
  .describe("Web application firewall in front of its program.");
