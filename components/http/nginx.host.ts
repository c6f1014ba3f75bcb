import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The front end, maps of the addresses of each account, and what its web sites choose. */
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
      path: /accounts\/(?<number>\d+)\.certificates/,
      lines: [/(?<hostname>[a-z0-9.-]+) \k<hostname>;/, /(?<hostname>\*(\.[a-z0-9.-]+)) _\2;/],
    },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.wildcard-certificates/,
      lines: [/(?<hostname>\*(\.[a-z0-9.-]+)) _\2;/],
    },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.wildcard-https/,
      lines: [/(?<hostname>\*\.[a-z0-9.-]+) "";/, /(?<hostname>\*(\.[a-z0-9.-]+)) "_\2 \d+";/],
    },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.https/,
      lines: [
        /(?<hostname>[a-z0-9.*-]+) "";/,
        /(?<hostname>[a-z0-9.-]+) "\k<hostname> \d+";/,
        /(?<hostname>\*(\.[a-z0-9.-]+)) "_\2 \d+";/,
      ],
    },
    // Inside the home, as the account.
    { shown: true, path: /accounts\/(?<number>\d+)\.own/, lines: [/(?<hostname>[a-z0-9.*-]+) [\w./-]+;/] },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.choice/,
      lines: [
        /unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-[a-z0-9-]+ \d+-\d+(?:-workers)?(?:-headers)?;/,
      ],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.places/,
      lines: [/unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-[a-z0-9-]+ "\d+ \d+";/],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.header-[a-z-]+/,
      // Neither a variable nor an escape, except one of quotes.
      lines: [
        /unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-[a-z0-9-]+ "(?:[ !#%-[\]-~]|\\")+";/,
      ],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.caches/,
      lines: [/unix:\/run\/fairhost-cached\/(?<number>\d+)\/account-\k<number>-http-([a-z0-9-]+) cache-\k<number>-\2;/],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.upstreams/,
      lines: [
        /upstream cache-(?<number>\d+)-([a-z0-9-]+) \{ server unix:\/run\/fairhost-caches\/\k<number>\/socket max_fails=0; server unix:\/run\/fairhost-cached\/\k<number>\/account-\k<number>-http-\2 backup; \}/,
      ],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.wafs/,
      lines: [
        /unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-([a-z0-9-]+) "(?:basic|strong|complete);(?:block|watch);\k<number>;\2";/,
      ],
    },
    {
      shown: true,
      path: /settings\/(?<number>\d+)\.passwords/,
      lines: [
        /unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-([a-z0-9-]+) \k<number>-\2;/,
      ],
    },
    { path: /passwords\/(?<number>\d+)-[a-z][a-z0-9-]*/, lines: [/[A-Za-z0-9._@-]+:\$[./$A-Za-z0-9]+/] },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.webdav/,
      lines: [
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.-]+))\/\.webdav\/([a-z][a-z0-9_-]*) (?<number>\d+)\/unix:\/run\/fairhost-http\/account-\k<number>-webdav-\3;/,
      ],
    },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.(?:map|wildcards|paths[123])/,
      // Whose socket it is, or where a redirect leads; behind it the path that is taken away from requests.
      lines: [
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) "?(?<number>\d+)\/(?:kept\/)?unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-\k<number>-[a-z0-9-]+(?: \/[\w.~/-]+)?"?;/,
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) "?(?<number>\d+)\/redirect:30[1278]:https?:\/\/[\w.:/~%+,=@*&-]+(?: \/[\w.~/-]+)?"?;/,
        /(?:(?<address>[0-9a-f:]+)|(?<hostname>[\w.*~/-]+)) (?<number>\d+)\/suspended;/,
      ],
    },
  ],
} as const satisfies BundleFolder;
