import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The log of what accounts call outside. */
export const ulogd = {
  name: "ulogd",
  packages: ["ulogd2"],
  // Fairhost's own unit runs it, in a journal of its own.
  masks: ["ulogd2.service"],
  takesEffect: { by: "restart" },
} as const satisfies BundleFolder;
