import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** The resolver of the host's accounts, and who may ask it. */
export const unbound = {
  name: "unbound",
  entry: { file: "unbound/unbound.conf", unit: "unbound.service" },
  packages: ["unbound", "dns-root-data"],
  // It would make this the resolver of the host itself.
  masks: ["unbound-resolvconf.service"],
  validator: ["unbound-checkconf"],
  takesEffect: { by: "restart" },
} as const satisfies BundleFolder;
