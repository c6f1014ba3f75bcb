import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Scripts that start the accounts' HTTP servers, inside their sandboxes, and what decides what sandboxes show and let through. */
export const libexec = {
  name: "libexec",
  takesEffect: { by: "restart" },
  inSandboxes: "/opt/fairhost",
} as const satisfies BundleFolder;
