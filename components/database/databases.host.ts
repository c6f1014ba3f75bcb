import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Which databases accounts have, and the configuration of their servers; who may connect to what is said there. */
export const databases = {
  name: "databases",
  takesEffect: { by: "restart" },
  showsNobody: true,
  shown: true,
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)/,
      lines: [
        /\{"account":(?<number>\d+),"user":"(?<user>a\d+)","directory":"\/srv\/accounts\/\k<number>","databases":\[(?:,?\{"engine":"[a-z]+","name":"\k<user>_[a-z][a-z0-9_]*","connections":\d+(?:,"tcp":true)?\})+\]\}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
