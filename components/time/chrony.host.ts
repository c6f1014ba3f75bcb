import type { BundleFolder } from "../registry/bundle-folder.ts";

/** Whom the host asks for the time (chrony.conf(5)). */
export const chrony = {
  name: "chrony",
  entry: { file: "chrony/chrony.conf", unit: "chrony.service" },
  packages: ["chrony"],
  // Prints what it has read, and ends.
  validator: ["chronyd", "-p", "-f"],
  takesEffect: {
    by: "restart",
    unnoticed: {
      unit: "chrony.service",
      says: (host) => `Restarts the clock's daemon of ${host}: the clock goes on.`,
    },
  },
} as const satisfies BundleFolder;
