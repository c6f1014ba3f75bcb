import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** What the host's package manager does by itself (apt.conf(5)). */
export const apt = {
  name: "apt",
  // Read last, so that it counts more than what packages and installers put there.
  link: "/etc/apt/apt.conf.d/99fairhost",
  linksTo: "apt/fairhost.conf",
  validator: ["apt-config", "dump", "--config-file"],
  takesEffect: { by: "look-up" },
} as const satisfies BundleFolder;
