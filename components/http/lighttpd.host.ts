import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Configuration of the static HTTP servers; values of one account come from its unit's environment. */
export const lighttpd = {
  name: "lighttpd",
  validator: "lighttpd",
  takesEffect: { by: "restart" },
  inSandboxes: "/etc/lighttpd",
} as const satisfies BundleFolder;
