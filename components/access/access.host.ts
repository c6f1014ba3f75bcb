import type { BundleFolder } from "../registry/bundle/bundle-folder.ts";

/** Who may log in to accounts, and the configuration that all their SSH servers have. */
export const access = {
  name: "access",
  validator: "sshd",
  takesEffect: { by: "restart" },
  inSandboxes: "/opt/fairhost",
  showsNobody: true,
  ofAccount: [
    // Exactly these lines, but for the names: any other setting could let in whom nobody declared.
    {
      shown: true,
      path: /(?<number>\d+)\/sshd\.conf/,
      lines: [
        /UsePAM yes|AuthenticationMethods publickey password|PasswordAuthentication yes|Include \/opt\/fairhost\/sshd\.conf/,
        /Match User [a-z][a-z0-9_,-]*/,
        /ForceCommand exec \/opt\/fairhost\/bring-session \/opt\/fairhost\/sftp/,
        /DisableForwarding yes|PermitTTY no|PermitUserRC no/,
      ],
      needs: ["Include "],
    },
    {
      path: /(?:passwords|webdav|ftps)\/(?<number>\d+)/,
      lines: [/[a-z][a-z0-9_-]*:\$y\$j[9AB]T\$[./0-9A-Za-z]{20,86}\$[./0-9A-Za-z]{43}/],
    },
    {
      shown: true,
      path: /(?<number>\d+)\/keys\/[a-z][a-z0-9_-]*/,
      // Without options: a line begins with the type of the key.
      lines: [/(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?/],
    },
    {
      path: /(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user/,
      lines: [
        /\{"userName":"[a-z][a-z0-9_-]*","uid":(?<uid>\d+),"gid":\k<uid>,"homeDirectory":"\/home\/(?<name>[\w-]+)(?:\/[A-Za-z0-9._/-]+)?","shell":"\/bin\/(?:ba)?sh"\}/,
      ],
    },
    {
      path: /(?<number>\d+)\/users\/[a-z][a-z0-9_-]*\.user-privileged/,
      lines: [/\{"privileged":\{"hashedPassword":\["\*"\]\}\}/],
    },
    // Of the account itself, as in the folder `userdb`: a session sees these and no others.
    {
      path: /(?<number>\d+)\/users\/(?<user>a\d+)\.user/,
      lines: [
        /\{"userName":"(?<user>a\d+)","realName":"(?<name>[\w-]+)","uid":(?<uid>\d+),"gid":\k<uid>,"homeDirectory":"\/home\/\k<name>","shell":"\/usr\/sbin\/nologin"\}/,
      ],
    },
    {
      path: /(?<number>\d+)\/users\/(?<user>a\d+)\.group/,
      lines: [/\{"groupName":"(?<user>a\d+)","gid":(?<uid>\d+)\}/],
    },
    { path: /(?<number>\d+)\/users\/(?<uid>\d+)\.user/, link: /(?<user>a\d+)\.user/ },
    { path: /(?<number>\d+)\/users\/(?<uid>\d+)\.group/, link: /(?<user>a\d+)\.group/ },
  ],
} as const satisfies BundleFolder;
