import type { BundleFolder } from "../registry/bundle-folder.ts";

/** The front end, and maps of the addresses of each account. */
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
    { path: /accounts\/(?<number>\d+)\.certificates/, lines: [/(?<hostname>[a-z0-9.-]+) \k<hostname>;/] },
    { path: /accounts\/(?<number>\d+)\.https/, lines: [/(?<hostname>[a-z0-9.-]+) \d+;/] },
    {
      path: /accounts\/(?<number>\d+)\.(?:map|wildcards|paths[123])/,
      // Whose socket it is, or where a redirect leads; behind it the path that is taken away from requests.
      lines: [
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) "?(?<number>\d+)\/unix:\/run\/fairhost-http\/account-\k<number>-[a-z0-9-]+(?: \/[\w.~/-]+)?"?;/,
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) "?(?<number>\d+)\/redirect:30[1278]:https?:\/\/[\w.:/~%+,=@*&-]+(?: \/[\w.~/-]+)?"?;/,
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) (?<number>\d+)\/suspended;/,
      ],
    },
  ],
} as const satisfies BundleFolder;
