import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** What systemd-networkd leaves alone (networkd.conf(5)), beside the host's links. */
export const networkd = {
  name: "networkd",
  link: "/usr/local/lib/systemd/networkd.conf.d",
  routers: "all",
  leavesOthers: true,
  takesEffect: {
    by: "load",
    loader: "hostLinks",
    first: true,
    says: (host) => `Restarts systemd-networkd on ${host}; links stay up.`,
  },
} as const satisfies BundleFolder;
