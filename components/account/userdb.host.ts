import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** User and group records of the accounts: systemd's userdb, which NSS reads at every look-up. */
export const userdb = {
  name: "userdb",
  link: "/etc/userdb",
  packages: ["libnss-systemd", "systemd-userdbd"],
  validator: "json",
  takesEffect: { by: "look-up" },
  showsNobody: true,
  ofAccount: [
    {
      path: /(?<user>a\d+)\.user/,
      lines: [
        /\{"userName":"(?<user>\w+)","realName":"(?<name>[\w-]+)","uid":(?<uid>\d+),"gid":\k<uid>,"homeDirectory":"\/home\/\k<name>","shell":"\/usr\/sbin\/nologin"\}/,
      ],
    },
    // On a backup host.
    {
      path: /(?<user>a\d+)\.user/,
      lines: [/\{"userName":"(?<user>\w+)","uid":(?<uid>\d+),"gid":\k<uid>,"homeDirectory":"\/","shell":"\/bin\/sh"\}/],
    },
    { path: /(?<user>a\d+)\.user-privileged/, lines: [/\{"privileged":\{"hashedPassword":\["\*"\]\}\}/] },
    { path: /(?<user>a\d+)\.group/, lines: [/\{"groupName":"(?<user>\w+)","gid":(?<uid>\d+)\}/] },
    { path: /(?<uid>\d+)\.user/, link: /(?<user>a\d+)\.user/ },
    { path: /(?<uid>\d+)\.group/, link: /(?<user>a\d+)\.group/ },
  ],
} as const satisfies BundleFolder;
