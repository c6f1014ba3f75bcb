import type { Difference, DifferenceKind } from "../delivery/protocol/inspection.ts";

const current = "/var/lib/fairhost/current";

/** Something done to a host by hand, and how it must be found. */
export interface Tampering {
  readonly done: string;
  readonly shell: string;
  readonly group: Difference["group"];
  readonly kind: DifferenceKind;
  readonly what: string | RegExp;
  /** For drift that only a person may repair: the command to do it. */
  readonly undo?: string;
}

const byDeploy = (
  done: string,
  shell: string,
  group: Difference["group"],
  kind: DifferenceKind,
  what: string | RegExp,
): Tampering => ({ done, shell, group, kind, what });

const byHand = (
  done: string,
  shell: string,
  group: Difference["group"],
  kind: DifferenceKind,
  what: string | RegExp,
  undo: string,
): Tampering => ({ done, shell, group, kind, what, undo });

/** On a host with accounts 1 to 4 that each have one server, `www`. Account 4 is left alone. */
export const tamperings: readonly Tampering[] = [
  byDeploy("a file edited", `echo '# x' >>${current}/proc/1.meminfo`, "account-1", "file-changed", "proc/1.meminfo"),
  byDeploy("a user's record deleted", `rm ${current}/userdb/a2.user`, "account-2", "file-removed", "userdb/a2.user"),
  byDeploy("which nobody finds any more", "true", "account-2", "user-unresolvable", "a2"),
  byDeploy(
    "a unit put into the generation",
    `echo '[Service]' >${current}/systemd/account-2-mine.service`,
    "account-2",
    "file-added",
    "systemd/account-2-mine.service",
  ),
  byDeploy("a mode changed", `chmod 666 ${current}/userdb/a1.group`, "account-1", "mode-changed", "userdb/a1.group"),
  byDeploy(
    "an owner changed",
    `chown nobody ${current}/bird/accounts/1.conf`,
    "account-1",
    "owner-changed",
    "bird/accounts/1.conf",
  ),
  byDeploy(
    "a link led elsewhere",
    `ln -sfn /etc/passwd ${current}/userdb/1900000003.user`,
    "account-3",
    "link-changed",
    "userdb/1900000003.user",
  ),
  byDeploy(
    "a socket stopped",
    "systemctl stop account-2-http-www.socket",
    "account-2",
    "unit-stopped",
    "account-2-http-www.socket",
  ),
  byDeploy(
    "a socket masked",
    "systemctl --quiet mask --now account-1-http-www.socket",
    "account-1",
    "unit-masked",
    "/etc/systemd/system/account-1-http-www.socket",
  ),
  byDeploy("and stopped with that", "true", "account-1", "unit-stopped", "account-1-http-www.socket"),
  byDeploy(
    "a drop-in in /etc",
    "mkdir -p /etc/systemd/system/account-1-http-www.service.d && printf '[Service]\\nUser=root\\n' >/etc/systemd/system/account-1-http-www.service.d/mine.conf && systemctl daemon-reload",
    "account-1",
    "unit-overridden",
    "/etc/systemd/system/account-1-http-www.service.d/mine.conf",
  ),
  byDeploy(
    "a limit raised by systemctl",
    "systemctl set-property account-3.slice TasksMax=9999",
    "account-3",
    "unit-overridden",
    "/etc/systemd/system.control/account-3.slice.d/50-TasksMax.conf",
  ),
  byDeploy(
    "a drop-in in /run",
    "mkdir -p /run/systemd/system/nginx.service.d && printf '[Service]\\nOOMScoreAdjust=900\\n' >/run/systemd/system/nginx.service.d/mine.conf",
    "host",
    "unit-overridden",
    "/run/systemd/system/nginx.service.d/mine.conf",
  ),
  byDeploy("which systemd has not read", "true", "host", "unit-not-reloaded", "nginx.service"),
  byDeploy(
    "a unit file that overrides Fairhost's",
    "printf '[Service]\\nExecStart=/bin/true\\n' >/etc/systemd/system/fairhost-routes.service",
    "host",
    "unit-shadowed",
    "/etc/systemd/system/fairhost-routes.service",
  ),
  byDeploy(
    "a fixed link led elsewhere",
    "ln -sfn /tmp /usr/local/lib/sysctl.d",
    "host",
    "fixed-link",
    "/usr/local/lib/sysctl.d",
  ),
  byDeploy(
    "an account's directory opened",
    "chmod 777 /srv/accounts/2",
    "account-2",
    "account-directory",
    "/srv/accounts/2",
  ),
  byDeploy(
    "an account's directory given away",
    "chown nobody /srv/accounts/3/admin",
    "account-3",
    "account-directory",
    "/srv/accounts/3/admin",
  ),
  byDeploy(
    "an account's directory removed",
    "rmdir /srv/accounts/1/home/admin",
    "account-1",
    "account-directory",
    "/srv/accounts/1/home/admin",
  ),
  byDeploy(
    "an account's secret removed",
    "rm /var/lib/fairhost/secrets/accounts/2",
    "account-2",
    "secret-missing",
    "/var/lib/fairhost/secrets/accounts/2",
  ),
  byDeploy(
    "an account's secret made readable for everybody",
    "chmod 644 /var/lib/fairhost/secrets/accounts/1",
    "account-1",
    "secret-exposed",
    "/var/lib/fairhost/secrets/accounts/1",
  ),
  byDeploy(
    "the directory of all secrets too",
    "chmod 755 /var/lib/fairhost/secrets",
    "host",
    "secret-exposed",
    "/var/lib/fairhost/secrets",
  ),
  byDeploy(
    "the record of the generation in force made readable for everybody",
    `chmod 644 ${current}/generation.json`,
    "host",
    "secret-exposed",
    `${current}/generation.json`,
  ),
  byDeploy(
    "older generations made readable for everybody",
    "chmod 755 /var/lib/fairhost/generations",
    "host",
    "secret-exposed",
    "/var/lib/fairhost/generations",
  ),
  byDeploy(
    "a private key of the host's SSH server made readable for everybody",
    "(umask 022; touch /etc/ssh/ssh_host_ed25519_key)",
    "host",
    "secret-exposed",
    "/etc/ssh/ssh_host_ed25519_key",
  ),
  byDeploy(
    "a rule added to the firewall",
    "nft add rule inet fairhost input tcp dport 9999 accept",
    "host",
    "firewall-changed",
    "inet fairhost, inet fairhost_bans",
  ),
  byDeploy(
    "an account's route removed",
    "ip -6 route del local fd00:8000:0:1::/64 dev lo table local",
    "account-1",
    "route-missing",
    "fd00:8000:0:1::/64",
  ),
  byDeploy(
    "a route of nobody added",
    "ip -6 route add local fd00:8000:0:99::/64 dev lo table local proto 66",
    "host",
    "route-foreign",
    "fd00:8000:0:99::/64",
  ),
  byDeploy(
    "nginx replaced on disk",
    "cp /usr/sbin/nginx /usr/sbin/nginx.new && mv /usr/sbin/nginx.new /usr/sbin/nginx",
    "host",
    "program-outdated",
    "nginx.service",
  ),
  byDeploy(
    "bird's configuration written again",
    `touch ${current}/bird/bird.conf`,
    "host",
    "configuration-not-loaded",
    "bird.service",
  ),
  byHand(
    "a process in an account's slice",
    "systemd-run --quiet -p Type=exec --slice=account-3.slice --unit=evil sleep infinity",
    "account-3",
    "foreign-process",
    "evil.service",
    "systemctl stop evil.service",
  ),
  byHand(
    "a process of an account outside its slice",
    "systemd-run --quiet -p Type=exec --unit=stray --property=User=a1 sleep infinity",
    "account-1",
    "foreign-process",
    "sleep",
    "systemctl stop stray.service",
  ),
  byHand(
    "a user of the same name in /etc/passwd",
    "echo 'a3:x:1234:1234::/:/bin/sh' >>/etc/passwd",
    "account-3",
    "user-shadowed",
    "a3",
    "sed -i /^a3:/d /etc/passwd",
  ),
  byHand(
    "a member for an account's group",
    "echo 'a1:x:1900000001:www-data' >>/etc/group",
    "account-1",
    "user-shadowed",
    "a1",
    "sed -i /^a1:/d /etc/group",
  ),
  byHand(
    "a table of others in the firewall",
    "nft add table ip evil",
    "host",
    "foreign-table",
    "ip evil",
    "nft delete table ip evil",
  ),
  byHand(
    "a service that failed",
    "systemd-run --quiet --wait --unit=needed false; true",
    "host",
    "unit-failed",
    "needed.service",
    "systemctl reset-failed needed.service",
  ),
  byHand(
    "a link without carrier",
    "ip link add eth9 type veth peer name eth10",
    "host",
    "link-down",
    "eth9",
    "ip link set eth9 up && ip link set eth10 up",
  ),
  byHand("SSH that does not answer", "systemctl stop greeter.service", "host", "ssh-silent", "ssh.service", "true"),
];
