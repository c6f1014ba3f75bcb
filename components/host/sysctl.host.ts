import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Kernel parameters; Debian reads them at boot. */
export const sysctl = {
  name: "sysctl",
  link: "/usr/local/lib/sysctl.d",
  routers: "all",
  takesEffect: {
    by: "load",
    loader: "kernelParameters",
    says: (host, paths) => `Sets kernel parameters of ${host}: ${paths.join(", ")}.`,
  },
  drift: "kernelParameters",
} as const satisfies BundleFolder;
