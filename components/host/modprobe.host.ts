import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Kernel modules that the host never loads (modprobe.d(5)); whoever loads one reads it. */
export const modprobe = {
  name: "modprobe",
  link: "/etc/modprobe.d/fairhost.conf",
  linksTo: "modprobe/fairhost.conf",
  packages: ["kmod"],
  takesEffect: {
    by: "load",
    loader: "deniedModules",
    says: (host) => `Takes kernel modules that are denied out of ${host}, unless they are in use.`,
  },
  drift: "deniedModules",
} as const satisfies BundleFolder;

/** Names of modules in such a file, as the kernel lists them. */
export function modulesDeniedBy(content: string): string[] {
  return [...content.matchAll(/^install (\S+) /gm)].map(([, name]) => name!.replaceAll("-", "_"));
}
