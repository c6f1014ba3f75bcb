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
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)\.map/,
      lines: [
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[a-z0-9.-]+)) (?<number>\d+)\/unix:\/run\/fairhost-http\/account-\k<number>-[a-z0-9-]+;/,
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[a-z0-9.-]+)) (?<number>\d+)\/redirect:30[1278]:https?:\/\/[\w.:/~%+,=@*&-]+;/,
      ],
    },
  ],
} as const satisfies BundleFolder;
