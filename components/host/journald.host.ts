import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Settings of the journal (journald.conf(5)); it reads them when it starts, and a restart loses no line. */
export const journald = {
  name: "journald",
  link: "/usr/local/lib/systemd/journald.conf.d",
  routers: "all",
  takesEffect: {
    by: "load",
    loader: "journal",
    says: (host) => `Changes the bounds of the journal of ${host}.`,
  },
} as const satisfies BundleFolder;
