import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** What an account's programs read as /proc/meminfo. A program sees a new file when it starts the next time. */
export const proc = {
  name: "proc",
  takesEffect: { by: "look-up" },
  showsNobody: true,
  ofAccount: [{ path: /(?<number>\d+)\.meminfo/, lines: [/[A-Za-z]+: +\d+ kB/] }],
} as const satisfies BundleFolder;
