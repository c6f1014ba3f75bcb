import type { BundleFolder } from "../registry/bundle-folder.ts";

/** Who may log in to accounts, and the configuration that all their SSH servers have. */
export const access = {
  name: "access",
  takesEffect: { by: "restart" },
  inSandboxes: "/opt/fairhost",
  ofAccount: [
    {
      path: /(?<number>\d+)\/keys\/[a-z][a-z0-9_-]*/,
      // Without options: a line begins with the type of the key.
      lines: [/(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?/],
    },
    {
      path: /(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user/,
      lines: [
        /\{"userName":"[a-z][a-z0-9_-]*","uid":(?<uid>\d+),"gid":\k<uid>,"homeDirectory":"\/home\/(?<name>[\w-]+)(?:\/[A-Za-z0-9._/-]+)?","shell":"\/bin\/bash"\}/,
      ],
    },
    {
      path: /(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user-privileged/,
      lines: [/\{"privileged":\{"hashedPassword":\["\*"\]\}\}/],
    },
  ],
} as const satisfies BundleFolder;
