import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Accounts whose standby a host is. */
export const standby = {
  name: "standby",
  // The program that fetches copies reads them when it starts.
  takesEffect: { by: "restart" },
  // Whoever changes a standby needs an approval, and a copy is encrypted.
  follows: [
    {
      path: /copies/,
      lines: [/\{"account":\d+,"site":"[a-z0-9-]+","minutes":\d+,"bytes":\d+\}/],
    },
  ],
} as const satisfies BundleFolder;
