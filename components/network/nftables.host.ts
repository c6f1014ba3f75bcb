import type { BundleFolder } from "../bundle-folder.ts";

/** The packet filter: replaces its own table at once, under a timer that puts the old rules back. */
export const nftables = {
  name: "nftables",
  entry: { file: "nftables/fairhost.nft", unit: "nftables.service" },
  validator: ["nft", "-c", "-f"],
  takesEffect: {
    by: "load",
    loader: "firewall",
    first: true,
    says: (host) => `Loads the firewall of ${host} anew, in one step; open connections stay.`,
  },
  drift: "firewall",
  boundary: true,
} as const satisfies BundleFolder;
