import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The accounts' prefixes, and the script that sets local routes for them. */
export const network = {
  name: "network",
  packages: ["iproute2"],
  entry: { file: "network/set-routes", unit: "fairhost-routes.service" },
  takesEffect: {
    by: "restart",
    unnoticed: {
      unit: "fairhost-routes.service",
      says: (host) => `Restarts fairhost-routes.service on ${host}: all routes are set at once.`,
    },
  },
  drift: "routes",
  shown: true,
  ofAccount: [{ path: /accounts\/(?<number>\d+)/, lines: [/(?<prefix>.+)/] }],
} as const satisfies BundleFolder;
