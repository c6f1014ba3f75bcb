// Written by `npm run generate` from the files beside it. Do not edit.

/** Debian packages that a host needs in addition to a minimal system, and what needs them; all from the main section of the release. */
export const hostPackages: readonly string[] = [
  "apache2-bin", // server kind php, server kind proxy, bundle folder apache
  "bird2", // bundle folder bird
  "ca-certificates", // kind accounts, server kind proxy, bundle folder apache
  "dns-root-data", // bundle folder unbound
  "git", // kind users
  "gunicorn", // server kind python
  "iproute2", // bundle folder network
  "libnss-systemd", // bundle folder userdb
  "lighttpd", // server kind static, bundle folder lighttpd
  "lighttpd-mod-deflate", // server kind static
  "media-types", // server kind php, bundle folder apache
  "nftables", // bundle folder nftables
  "nginx", // bundle folder nginx
  "nodejs", // kind hosts, server kind node
  "openssh-client", // kind users
  "openssh-server", // kind hosts, kind users
  "openssh-sftp-server", // kind users
  "php-bcmath", // server kind php
  "php-curl", // server kind php
  "php-fpm", // server kind php
  "php-gd", // server kind php
  "php-intl", // server kind php
  "php-mbstring", // server kind php
  "php-mysql", // server kind php
  "php-sqlite3", // server kind php
  "php-xml", // server kind php
  "php-zip", // server kind php
  "postgresql-17", // kind databases
  "python3", // kind accounts, server kind python
  "python3-uvicorn", // server kind python
  "python3-websockets", // server kind python
  "quota", // kind accounts
  "rsync", // kind users
  "socat", // kind users
  "systemd-userdbd", // bundle folder userdb
  "tini", // kind accounts
  "tzdata", // kind tasks
  "ulogd2", // bundle folder ulogd
  "unbound", // bundle folder unbound
];

/** Units that these packages bring and that must not run on a host. */
export const maskedUnits: readonly string[] = [
  "lighttpd.service", // bundle folder lighttpd
  "php8.4-fpm.service", // server kind php
  "phpsessionclean.timer", // server kind php
  "postgresql.service", // kind databases
  "postgresql@17-main.service", // kind databases
  "ulogd2.service", // bundle folder ulogd
  "unbound-resolvconf.service", // bundle folder unbound
];
