import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The front end, and the caches of web sites. */
export const nginx = {
  name: "nginx",
  entry: { file: "nginx/nginx.conf", unit: "nginx.service" },
  packages: ["nginx", "libnginx-mod-http-lua"],
  validator: ["nginx", "-t", "-q", "-c"],
  takesEffect: {
    by: "reload",
    unit: "nginx.service",
    says: (host) => `Rewrites the front end of ${host}: reload without interruption.`,
  },
  ofAccount: [
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.upstreams/,
      lines: [
        /upstream cache-(?<number>\d+)-([a-z0-9-]+) \{ server unix:\/run\/fairhost-caches\/\k<number>\/socket max_fails=0; server unix:\/run\/fairhost-cached\/\k<number>\/account-\k<number>-http-\2 backup; \}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
