import type { BundleFolder } from "../registry/bundle-folder.ts";

/** The front end, and a map of the addresses of each account. */
export const nginx = {
  name: "nginx",
  entry: { file: "nginx/nginx.conf", unit: "nginx.service" },
  packages: ["nginx"],
  validator: ["nginx", "-t", "-q", "-c"],
  takesEffect: {
    by: "reload",
    unit: "nginx.service",
    says: (host) => `Rewrites the front end of ${host}: reload without interruption.`,
  },
  boundary: false,
} as const satisfies BundleFolder;
