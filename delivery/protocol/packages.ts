/** Debian packages a host needs beyond a minimal system; all from the release's main section. */
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
