import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Whom the host asks for the time (chrony.conf(5)). */
export const chrony = {
  name: "chrony",
  entry: { file: "chrony/chrony.conf", unit: "chrony.service" },
  packages: ["chrony"],
  // Prints what it has read, and ends. AppArmor's profile of chronyd lets it read below /etc/chrony alone; what is mounted there is the validator's.
  validator: ["sh", "-c", 'mount --bind "$0" /etc/chrony/chrony.conf && exec chronyd -p -f /etc/chrony/chrony.conf'],
  takesEffect: {
    by: "restart",
    unnoticed: {
      unit: "chrony.service",
      says: (host) => `Restarts the clock's daemon of ${host}: the clock goes on.`,
    },
  },
} as const satisfies BundleFolder;
