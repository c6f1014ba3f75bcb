import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Routing of a router that runs FRR. Its programs read `frr.conf` when they start; later it is compared with what they run, and the difference told to them. */
export const frr = {
  name: "frr",
  link: "/etc/frr/frr.conf",
  linksTo: "frr/frr.conf",
  routers: ["frr"],
  notOnHosts: true,
  validator: ["vtysh", "--dryrun", "--inputfile"],
  takesEffect: {
    by: "reload",
    unit: "frr.service",
    says: (host) => `Rewrites the routing of ${host}: what differs is told to FRR, other sessions stay up.`,
  },
  drift: "frr",
} as const satisfies BundleFolder;
