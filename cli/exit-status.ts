import type { Level } from "../guard/verdict/review.ts";

/** Exit statuses of the guard's commands. 1 is left to Node.js: the guard itself broke. */
export const exitStatus = {
  safe: 0,
  "wrong usage": 2,
  "needs approval": 3,
  blocked: 4,
  "not reviewed": 5,
} as const satisfies Readonly<Record<Level, number>> & Readonly<Record<string, number>>;

/** For the help of commands that end with a verdict. */
export const exitHelp = `
Exit status: ${exitStatus.safe} safe, ${exitStatus["needs approval"]} needs approval, ${exitStatus.blocked} blocked, ${exitStatus["wrong usage"]} wrong usage, ${exitStatus["not reviewed"]} could not be reviewed (says why on standard error).`;
