import type { BundleFolder } from "../registry/bundle-folder.ts";

/** Configuration of the static HTTP servers; values of one account come from its unit's environment. */
export const lighttpd = {
  name: "lighttpd",
  packages: ["lighttpd"],
  // Accounts start it from their own sockets; Debian's service would take port 80.
  masks: ["lighttpd.service"],
  validator: "lighttpd",
  takesEffect: { by: "restart" },
} as const satisfies BundleFolder;
