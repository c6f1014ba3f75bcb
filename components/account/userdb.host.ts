import type { BundleFolder } from "../registry/bundle-folder.ts";

/** User and group records of the accounts: systemd's userdb, which NSS reads at every look-up. */
export const userdb = {
  name: "userdb",
  link: "/etc/userdb",
  packages: ["libnss-systemd", "systemd-userdbd"],
  validator: "json",
  takesEffect: { by: "look-up" },
  boundary: false,
} as const satisfies BundleFolder;
