import type { UnitForms } from "../../registry/bundle/unit-forms.ts";

/** Files of confined users: the rights are those of one script, which gives them up (run-sftp.pl). */
export const units: UnitForms = {
  files: [
    {
      path: /account-(?<number>\d+)-sftp@\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=(?:mount|~@resources))/,
        /\[Service\] (?:RestrictAddressFamilies=~AF_INET AF_INET6|IPAddressDeny=any|MemoryDenyWriteExecute=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-sftp\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-sftp\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+|RemoveOnStop=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-sftp\.socket\.d\/60-owner\.conf/,
      lines: [/\[Socket\] Socket(?:User|Group)=(?<user>a\d+)/, /\[Socket\] SocketMode=0600/],
    },
  ],
};
