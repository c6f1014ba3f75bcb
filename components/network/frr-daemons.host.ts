import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Which programs of FRR a router starts. */
export const frrDaemons = {
  name: "frr-daemons",
  link: "/etc/frr/daemons",
  linksTo: "frr-daemons/daemons",
  routers: ["frr"],
  notOnHosts: true,
  takesEffect: { by: "restart" },
} as const satisfies BundleFolder;
