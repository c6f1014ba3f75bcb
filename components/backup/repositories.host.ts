import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** On a backup host: the SSH server of the repositories, who may come as which account, and how long backups are kept. */
export const repositories = {
  name: "repositories",
  takesEffect: { by: "restart" },
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)/,
      lines: [/\{"account":(?<number>\d+),"retentionDays":(?<retention>\d+)\}/],
    },
    // The key of its host, which is in the host's group.
    { path: /keys\/(?<user>a\d+)/, link: /\.\.\/hosts\/(?<host>[a-z0-9-]+)/ },
    // And that of its standby, which may read.
    { path: /standbys\/(?<user>a\d+)/, link: /\.\.\/copying\/(?<standby>[a-z0-9-]+)/ },
  ],
  // Whoever declares a host lost needs an approval, and whoever moves accounts.
  follows: [
    {
      path: /answers\/(?<host>[a-z][a-z0-9-]*)/,
      lines: [/\{"host":"[a-z0-9-]+"(?:,"lost":"[0-9-]+","accounts":\[[\d,]*\])?\}/],
    },
    // A lost host copies nothing any more. Whoever lets it copy again adds its key, which is no such line.
    { path: /copying\/[a-z][a-z0-9-]*/, lines: [] },
  ],
} as const satisfies BundleFolder;
