/** Debian packages that a host needs in addition to a minimal system; all from the main section of the release. */
export const hostPackages: readonly string[] = [
  "bird2",
  "ca-certificates",
  "iproute2",
  "libnss-systemd",
  "lighttpd",
  "nftables",
  "nginx",
  "nodejs",
  "openssh-server",
  "python3",
  "systemd-userdbd",
  "tini",
];
