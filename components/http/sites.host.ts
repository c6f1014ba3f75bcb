import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** What the front end says of the server of a web site: its socket. */
const socket = /unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-(?<number>\d+)-http-([a-z0-9-]+)/.source;

/** What the front end knows of each name: it reads the file when somebody asks for the name. */
export const sites = {
  name: "sites",
  takesEffect: { by: "look-up" },
  ofAccount: [
    {
      shown: true,
      path: /names\/(?:(?<address>[0-9a-f:]+)|(?<hostname>[a-z0-9.*-]+))/,
      lines: [
        // Whose socket it is, or where a redirect leads; behind it the path that is taken away from requests.
        /\/[\w.~/-]* (?<number>\d+)\/(?:kept\/)?unix:\/run\/(?:fairhost-http|fairhost-cached\/\d+)\/account-\k<number>-[a-z0-9-]+(?: \/[\w.~/-]+)?/,
        /\/[\w.~/-]* (?<number>\d+)\/redirect:30[1278]:https?:\/\/[\w.:/~%+,=@*&-]+(?: \/[\w.~/-]+)?/,
        /\/[\w.~/-]* (?<number>\d+)\/suspended/,
        /certificate (?<hostname>[a-z0-9.*-]+)/,
        /https_only (?:-|(?<hostname>[a-z0-9.*-]+) \d+)/,
        new RegExp(`${socket} choice \\d+-\\d+(?:-workers)?(?:-headers)?`),
        new RegExp(`${socket} places \\d+ \\d+`),
        new RegExp(`${socket} cache cache-\\k<number>-[a-z0-9-]+`),
        new RegExp(`${socket} waf (?:basic|strong|complete);(?:block|watch);\\k<number>;[a-z0-9-]+`),
        new RegExp(`${socket} passwords \\k<number>-[a-z0-9-]+`),
        new RegExp(`${socket} log_file \\2-(?:combined|json)`),
        new RegExp(`${socket} chosen_[a-z_]+ [ -~]+`),
      ],
    },
    {
      shown: true,
      path: /webdav\/(?:(?<address>[0-9a-f:]+)|(?<hostname>[a-z0-9.-]+))/,
      lines: [/\/\.webdav\/([a-z][a-z0-9_-]*) (?<number>\d+)\/unix:\/run\/fairhost-http\/account-\k<number>-webdav-\1/],
    },
    { path: /passwords\/(?<number>\d+)-[a-z][a-z0-9-]*/, lines: [/[A-Za-z0-9._@-]+:\$[./$A-Za-z0-9]+/] },
    {
      shown: true,
      path: /accounts\/(?<number>\d+)\.certificates/,
      lines: [/(?<hostname>[a-z0-9.-]+) \k<hostname>;/, /(?<hostname>\*(\.[a-z0-9.-]+)) _\2;/],
    },
    // Inside the home, as the account.
    { shown: true, path: /accounts\/(?<number>\d+)\.own/, lines: [/(?<hostname>[a-z0-9.*-]+) [\w./-]+;/] },
  ],
} as const satisfies BundleFolder;
