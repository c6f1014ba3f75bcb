import type { UnitForms } from "../../registry/bundle/unit-forms.ts";

/** The socket inside the host, and the relay that carries connections there from the account's address. */
export const units: UnitForms = {
  inSandboxes: [/\[Service\] LoadCredential=ssh-host-key:\/var\/lib\/fairhost\/secrets\/ssh\/(?<number>\d+)/],
  files: [
    {
      path: /account-(?<number>\d+)-ssh\.socket/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Socket\] ListenStream=\/run\/fairhost-ssh\/(?<number>\d+)/,
        /\[Socket\] (?:Accept=yes|MaxConnections=\d+)/,
      ],
    },
    {
      path: /fairhost-ssh-(?<number>\d+)\.socket/,
      lines: [/\[Unit\] Description=.*/, /\[Socket\] ListenStream=\[(?<address>[0-9a-f:]+)\]:8022/],
    },
    {
      path: /fairhost-ssh-(?<number>\d+)@\.service/,
      lines: [
        /\[Unit\] Description=.*/,
        /\[Unit\] Wants=fairhost-network@(?<number>\d+)\.service/,
        /\[Service\] ExecStart=\/var\/lib\/fairhost\/current\/libexec\/one-of-visitor 10 \/usr\/bin\/socat -b65536 STDIO "UNIX-CONNECT:\/run\/fairhost-ssh\/(?<number>\d+),bind=\/tmp\/\$\{REMOTE_ADDR\}"/,
      ],
    },
    {
      path: /fairhost\.target\.wants\/fairhost-ssh-(?<number>\d+)\.socket/,
      link: /\.\.\/fairhost-ssh-(?<number>\d+)\.socket/,
    },
  ],
};
