// Written by `npm run generate` from the files beside it. Do not edit.

/** Debian packages that every host needs in addition to a minimal system, and what needs them; all from the main section of the release. */
export const hostPackages: readonly string[] = [
  "bird2", // bundle folder bird
  "ca-certificates", // kind accounts
  "chrony", // bundle folder chrony
  "dns-root-data", // bundle folder unbound
  "git", // kind users
  "iproute2", // bundle folder network
  "kmod", // bundle folder modprobe
  "libnginx-mod-http-lua", // bundle folder nginx
  "libnss-systemd", // bundle folder userdb
  "media-types", // kind accounts
  "nftables", // bundle folder nftables
  "nginx", // bundle folder nginx
  "nodejs", // kind hosts
  "openssh-client", // kind users
  "openssh-server", // kind hosts, kind users
  "openssh-sftp-server", // kind users
  "openssl", // kind frontEnds
  "python3", // kind accounts
  "quota", // kind accounts
  "rsync", // kind accounts, kind users
  "socat", // kind users
  "systemd-userdbd", // bundle folder userdb
  "tini", // kind accounts
  "tzdata", // kind tasks
  "ulogd2", // bundle folder ulogd
  "unbound", // bundle folder unbound
  "zstd", // kind accounts
];

/** Those that a host needs only if something declared on it does. */
export const packagesWhereUsed: readonly string[] = [
  "apache2-bin", // server kind php, server kind proxy
  "ca-certificates", // server kind proxy
  "gunicorn", // server kind python
  "lego", // protocol https
  "libnginx-mod-http-modsecurity", // web application firewall on
  "lighttpd", // server kind static, WebDAV on
  "lighttpd-mod-deflate", // server kind static
  "lighttpd-mod-webdav", // WebDAV on
  "lighttpd-modules-lua", // server kind static
  "mariadb-client", // engine mariadb
  "mariadb-server-core", // engine mariadb
  "media-types", // server kind php
  "modsecurity-crs", // web application firewall on
  "nginx", // web application firewall on
  "nodejs", // server kind node
  "php-bcmath", // server kind php
  "php-curl", // server kind php
  "php-fpm", // server kind php
  "php-gd", // server kind php
  "php-intl", // server kind php
  "php-mbstring", // server kind php
  "php-mysql", // server kind php
  "php-pgsql", // server kind php
  "php-sqlite3", // server kind php
  "php-xml", // server kind php
  "php-zip", // server kind php
  "postgresql-17", // engine postgresql
  "python3", // server kind python, web application firewall on
  "python3-uvicorn", // server kind python
  "python3-venv", // server kind python
  "python3-websockets", // server kind python
  "rclone", // role backup
  "restic", // role accounts, role spare
  "unattended-upgrades", // upgrades at night
  "varnish", // HTTP cache on
];

/** Units that packages of both lists bring and that must not run on a host. */
export const maskedUnits: readonly string[] = [
  "lighttpd.service", // server kind static, WebDAV on
  "mariadb.service", // engine mariadb
  "mariadb.socket", // engine mariadb
  "php8.4-fpm.service", // server kind php
  "phpsessionclean.timer", // server kind php
  "postgresql.service", // engine postgresql
  "postgresql@17-main.service", // engine postgresql
  "ulogd2.service", // bundle folder ulogd
  "unattended-upgrades.service", // upgrades at night
  "unbound-resolvconf.service", // bundle folder unbound
  "varnish.service", // HTTP cache on
  "varnishncsa.service", // HTTP cache on
];
