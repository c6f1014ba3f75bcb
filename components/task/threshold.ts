import { z } from "zod";
import { number, text } from "../inputs.ts";
import { behaviour } from "../registry/fields/field-class.ts";

/** Limits of an account near which a task can start. */
const thresholdLimits = ["memory", "disk"] as const;

/** A task that has started counts as below its threshold again once so much less is in use, in points of percent. */
export const rearmPoints = 10;

/** Seconds between two starts of one task, at least. */
export const pauseSeconds = 900;

/** Seconds between two looks at what accounts use. */
export const everySeconds = 20;

/** Tasks of a host that are started after one look, at most: the others after the next ones, in random order. */
export const startsAtOnce = 10;

export const thresholdSchema = z.strictObject({
  of: z
    .enum(thresholdLimits)
    .describe(
      "`memory`: of `memoryMaxMb`, without what the kernel can drop (file caches). `disk`: of the space or the number of files of the home and of /var/lib, whichever is fuller; logs have a tenth of the disk for themselves, which does not count.",
    ),
  percent: z
    .int()
    .min(20)
    .max(99)
    .describe(`Percent of the limit. The task is ready again once ${rearmPoints} points less are in use.`),
});

export const thresholdInputs = behaviour(
  z.strictObject({
    of: text.describe("memory or disk."),
    percent: number.describe("Percent of the limit."),
  }),
);
