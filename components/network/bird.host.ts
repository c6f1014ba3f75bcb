import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Routing: sessions with the site's routers, and the announcement of each account's prefix. */
export const bird = {
  name: "bird",
  entry: { file: "bird/bird.conf", unit: "bird.service" },
  routers: ["bird"],
  packages: ["bird2"],
  validator: ["bird", "-p", "-c"],
  takesEffect: {
    by: "reload",
    unit: "bird.service",
    says: (host) => `Rewrites the routing of ${host}: reload, sessions stay up.`,
  },
  shown: true,
  ofAccount: [{ path: /accounts\/(?<number>\d+)\.conf/, lines: [/route (?<prefix>\S+) unreachable;/] }],
} as const satisfies BundleFolder;
