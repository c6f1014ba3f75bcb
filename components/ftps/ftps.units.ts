import type { UnitForms } from "../registry/bundle/unit-forms.ts";

/** The same files as by SFTP, and who asks for them outside of the account, with hashes and certificates (render-ftps.ts). */
export const units: UnitForms = {
  files: [
    {
      path: /account-(?<number>\d+)-ftps@\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=(?:mount|~@resources))/,
        /\[Service\] (?:RestrictAddressFamilies=~AF_INET AF_INET6|IPAddressDeny=any|MemoryDenyWriteExecute=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-ftps\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-ftps\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+|RemoveOnStop=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-ftps\.socket\.d\/60-owner\.conf/,
      lines: [/\[Socket\] Socket(?:User|Group)=root/, /\[Socket\] SocketMode=0666/, /\[Socket\] DirectoryMode=0700/],
      needs: ["[Socket] DirectoryMode=0700"],
    },
    {
      path: /fairhost-ftps-(?<number>\d+)\.socket/,
      lines: [/\[Unit\] Description=.*/, /\[Socket\] ListenStream=\[(?<address>[0-9a-f:]+)\]:21/],
    },
    {
      path: /fairhost-ftps-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/ftps\/(?<number>\d+)/,
        /\[Service\] LoadCredential=default\.pem:\/var\/lib\/fairhost-certificates\/default\.pem/,
        /\[Service\] LoadCredential=(?<hostname>[a-z0-9.-]+)\.pem:\/var\/lib\/fairhost-certificates\/\k<hostname>\.pem/,
        /\[Service\] LoadCredential=(?<hostname>\*(\.[a-z0-9.-]+))\.pem:\/var\/lib\/fairhost-certificates\/_\2\.pem/,
        /\[Service\] SetCredential=[a-z0-9.*-]+\.pem:none/,
        /\[Service\] BindReadOnlyPaths=\/run\/fairhost-ftps\/(?<number>\d+):\/tmp\/files/,
        /\[Service\] StandardOutput=append:\/srv\/accounts\/(?<number>\d+)\/admin\/logs\/ftps\.log/,
        /\[Service\] ExecStart=:\/usr\/bin\/python3 -E -s -B \/var\/lib\/fairhost\/current\/libexec\/serve-ftps (?<number>\d+) \/home\/(?<name>[\w-]+) (?<address>[0-9a-f:]+) 8900-8999 \/tmp\/files/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-ftps-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-ftps-(?<number>\d+)\.socket/,
    },
  ],
};
