import type { BundleFolder } from "../registry/bundle-folder.ts";

/** One file for each reminder of the host's accounts. */
export const reminders = {
  name: "reminders",
  takesEffect: { by: "look-up" },
  boundary: false,
} as const satisfies BundleFolder;
