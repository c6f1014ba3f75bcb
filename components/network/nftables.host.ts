import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Sets of the table with the addresses of controllers, by IP version. Without elements they say nothing. */
export const controllerSets = { 6: "controllers", 4: "controllers4" } as const;

/** The table about banned addresses, and its sets by IP version. */
export const bans = { table: "fairhost_bans", sets: { 6: "banned6", 4: "banned4" } } as const;

/** The packet filter: replaces its own table in one step, with a timer that restores the old rules. */
export const nftables = {
  name: "nftables",
  entry: { file: "nftables/fairhost.nft", unit: "nftables.service" },
  packages: ["nftables"],
  validator: ["nft", "-c", "-f"],
  takesEffect: {
    by: "load",
    loader: "firewall",
    first: true,
    says: (host) => `Reloads the firewall of ${host} in one step; open connections stay.`,
  },
  drift: "firewall",
  shown: true,
  ofAccount: [
    {
      path: /accounts\/(?<number>\d+)/,
      lines: [
        /add element inet fairhost services \{ (?<address>\S+) \. (?<port>\d+) : (?<inside>\S+) \}/,
        /add element inet fairhost ports_[a-z]+ \{ (?<address>\S+) \}/,
        /add chain inet fairhost account-(?<number>\d+)/,
        /add rule inet fairhost account-(?<number>\d+) (?:accept|(?<bound>.+))/,
        /add element inet fairhost bounds \{ "acc(?<number>\d+)" : goto account-\k<number> \}/,
        /add chain inet fairhost account-(?<number>\d+)-(?:in|out)/,
        /add rule inet fairhost account-(?<number>\d+)-(?<filter>.+)/,
        /add element inet fairhost rules_out \{ "acc(?<number>\d+)" : jump account-\k<number>-out \}/,
        /add element inet fairhost rules_in \{ (?<address>\S+) : jump account-(?<number>\d+)-in \}/,
        /add element inet fairhost rules_in \{ (?<inside>\S+) : jump account-(?<number>\d+)-in \}/,
        /add element inet fairhost answers \{ (?<inside>\S+) \. (?<port>\d+) : (?<address>\S+) \}/,
      ],
    },
  ],
} as const satisfies BundleFolder;
