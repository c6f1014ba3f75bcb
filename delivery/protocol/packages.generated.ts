// Written by `npm run generate` from the files beside it. Do not edit.

/** Debian packages that a host needs in addition to a minimal system, and what needs them; all from the main section of the release. */
export const hostPackages: readonly string[] = [
  "bird2", // bundle folder bird
  "ca-certificates", // kind accounts
  "iproute2", // bundle folder network
  "libnss-systemd", // bundle folder userdb
  "lighttpd", // server kind static, bundle folder lighttpd
  "lighttpd-mod-deflate", // server kind static
  "nftables", // bundle folder nftables
  "nginx", // bundle folder nginx
  "nodejs", // kind hosts
  "openssh-server", // kind hosts
  "postgresql-17", // kind databases
  "python3", // kind accounts
  "quota", // kind accounts
  "systemd-userdbd", // bundle folder userdb
  "tini", // kind accounts
];

/** Units that these packages bring and that must not run on a host. */
export const maskedUnits: readonly string[] = [
  "lighttpd.service", // bundle folder lighttpd
  "postgresql.service", // kind databases
  "postgresql@17-main.service", // kind databases
];
