import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** What routers refuse: a table of its own beside those of whoever set the router up, replaced in one step, with a timer that restores the old rules. */
export const routerFirewall = {
  name: "router-firewall",
  entry: { file: "router-firewall/fairhost.nft", unit: "fairhost-router-firewall.service" },
  routers: "all",
  notOnHosts: true,
  validator: ["nft", "-c", "-f"],
  takesEffect: {
    by: "load",
    loader: "firewall",
    first: true,
    says: (router) => `Reloads the firewall of ${router} in one step; open connections stay.`,
  },
  drift: "firewall",
} as const satisfies BundleFolder;
