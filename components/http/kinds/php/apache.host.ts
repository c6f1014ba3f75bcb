import type { BundleFolder } from "../../../registry/bundle-folder.ts";

/** Configuration of Apache in accounts' sandboxes; values of one account come from its unit. */
export const apache = {
  name: "apache",
  packages: ["apache2-bin", "media-types"],
  validator: ["env", "PORT=8001", "FAIRHOST_ROOT=/", "FAIRHOST_FALLBACK=/index.php", "apache2", "-t", "-f"],
  takesEffect: { by: "restart" },
} as const satisfies BundleFolder;
