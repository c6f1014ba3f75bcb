import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** A file for each task that starts near a limit, with the name of its unit: which limit, and at how much of it in percent. */
export const thresholds = {
  name: "thresholds",
  takesEffect: { by: "look-up" },
  ofAccount: [{ path: /account-(?<number>\d+)-task-[a-z][a-z0-9-]*/, lines: [/(?:memory|disk) \d+/] }],
} as const satisfies BundleFolder;
