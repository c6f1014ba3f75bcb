import type { BundleFolder } from "../bundle-folder.ts";

/** Scripts that start the accounts' HTTP servers, inside their sandboxes. */
export const libexec = {
  name: "libexec",
  takesEffect: { by: "restart" },
  boundary: false,
} as const satisfies BundleFolder;
