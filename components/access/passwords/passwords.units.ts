import type { UnitForms } from "../../registry/bundle/unit-forms.ts";

/** Who knows the hashes, outside of the account. A session has a socket on which it asks about a password, and one on which it gets files. */
export const units: UnitForms = {
  inSandboxes: [
    /\[Service\] BindPaths=\/run\/fairhost-(?:password|sftp)\/(?<number>\d+):\/opt\/fairhost\/(?:password|sftp)/,
  ],
  files: [
    {
      path: /fairhost-password-(?<number>\d+)\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-password\/(?<number>\d+)/,
        /\[Socket\] SocketUser=(?<user>a\d+)/,
      ],
    },
    {
      path: /fairhost-password-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Service\] Slice=account-(?<number>\d+)\.slice/,
        /\[Service\] LoadCredential=passwords:\/var\/lib\/fairhost\/current\/access\/passwords\/(?<number>\d+)/,
        /\[Service\] ExecStart=:\/usr\/bin\/perl \/var\/lib\/fairhost\/current\/libexec\/check-password (?<number>\d+) %i/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-password-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-password-(?<number>\d+)\.socket/,
    },
  ],
};
