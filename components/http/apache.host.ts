import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Configuration of Apache in accounts' sandboxes; values of one account come from its unit. */
export const apache = {
  name: "apache",
  // What differs from server to server is in the environment.
  validator: [
    ...["env", "PORT=8001", "FAIRHOST_ROOT=/", "FAIRHOST_FALLBACK=/index.php"],
    ...["FAIRHOST_TO=http://localhost", "FAIRHOST_KEEP_HOST=Off", "apache2", "-t", "-f"],
  ],
  takesEffect: { by: "restart" },
  inSandboxes: "/opt/fairhost",
} as const satisfies BundleFolder;
