import type { UnitForms } from "../../registry/bundle/unit-forms.ts";

/** A unit for each user in the sandbox, and who knows the hashes outside of it (webdav.ts). */
export const units: UnitForms = {
  services: [
    {
      path: /account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*\.service/,
      lines: [
        /\[Service\] ExecStart=:\/opt\/fairhost\/run \/home\/(?<name>[\w-]+) \/home\/\k<name>(?:\/[A-Za-z0-9._/-]+)? \/\.webdav\/[a-z][a-z0-9_-]*/,
      ],
    },
  ],
  files: [
    {
      path: /account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*\.service\.d\/60-confine\.conf/,
      lines: [
        /\[Service\] (?:CapabilityBoundingSet|AmbientCapabilities)=CAP_SYS_ADMIN/,
        /\[Service\] (?:RestrictNamespaces=mnt|SystemCallFilter=(?:mount|~@resources))/,
        /\[Service\] (?:RestrictAddressFamilies=~AF_INET AF_INET6|IPAddressDeny=any|MemoryDenyWriteExecute=yes)/,
      ],
    },
    {
      path: /account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-http\/account-(?<number>\d+)-webdav-[a-z][a-z0-9_-]*/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
      link: /\.\.\/account-(?<number>\d+)-webdav-([a-z][a-z0-9_-]*)\.socket/,
    },
    {
      path: /fairhost-webdav-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] (?:Description=.*|StartLimitIntervalSec=0)/,
        /\[Socket\] ListenStream=\/run\/fairhost-webdav\/(?<number>\d+)/,
        /\[Socket\] (?:SocketUser=www-data|SocketMode=0600|DirectoryMode=0755|RemoveOnStop=yes|TriggerLimitIntervalSec=0)/,
      ],
    },
    {
      path: /fairhost-webdav-(?<number>\d+)\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/webdav\/(?<number>\d+)/,
        /\[Service\] ExecStart=:\/usr\/bin\/perl \/var\/lib\/fairhost\/current\/libexec\/check-webdav (?<number>\d+)/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-webdav-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-webdav-(?<number>\d+)\.socket/,
    },
  ],
};
