import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/**
 * The host's own links (systemd.network(5)), where the inventory says that deliveries set them up. A file `05-fairhost-<interface>.network` is
 * about that interface: the applier looks whether it is configured by it.
 */
export const links = {
  name: "links",
  link: "/usr/local/lib/systemd/network",
  routers: "all",
  leavesOthers: true,
  validator: "hostLinks",
  takesEffect: {
    by: "load",
    loader: "hostLinks",
    first: true,
    says: (host) =>
      `Sets up the links of ${host} anew. Unless routers and the controller are reached as before, the old settings return.`,
  },
} as const satisfies BundleFolder;

/** Beginning of the names of its files: before those of others, of which the first that matches an interface counts. */
export const linkFile = "05-fairhost-";
