import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { unitFile } from "../../lib/unit-file.ts";
import type { Renderer } from "../registry/renderer.ts";

/** Kernel parameters that separate accounts. */
const sysctl = `# User namespaces are for systemd alone: they open most of the kernel's attack surface to whoever makes one.
kernel.unprivileged_userns_clone = 0
kernel.unprivileged_bpf_disabled = 1
kernel.yama.ptrace_scope = 2
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
fs.protected_symlinks = 1
fs.protected_hardlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
# Sockets of accounts queue up to 1024 connections.
net.core.somaxconn = 4096
`;

/** Starts Debian's daemons with the generation's configuration instead of the one in /etc. */
const daemons: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>> = {
  nginx: {
    ExecStartPre: ["", `/usr/sbin/nginx -t -q -c ${currentGeneration}/nginx/nginx.conf`],
    ExecStart: ["", `/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf`],
    ExecReload: ["", `/usr/sbin/nginx -c ${currentGeneration}/nginx/nginx.conf -s reload`],
    Restart: "on-failure",
    OOMScoreAdjust: "-500",
  },
  bird: {
    ExecStartPre: ["", "/usr/lib/bird/prepare-environment", `/usr/sbin/bird -p -c ${currentGeneration}/bird/bird.conf`],
    ExecStart: ["", `/usr/sbin/bird -f -u $BIRD_RUN_USER -g $BIRD_RUN_GROUP -c ${currentGeneration}/bird/bird.conf`],
  },
  nftables: {
    ExecStart: ["", `/usr/sbin/nft -f ${currentGeneration}/nftables/fairhost.nft`],
    ExecReload: ["", `/usr/sbin/nft -f ${currentGeneration}/nftables/fairhost.nft`],
    ExecStop: ["", "/usr/sbin/nft destroy table inet fairhost"],
  },
};

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  // SSH, the only way for deliveries.
  // A host whose SSH server moves is reached before and after, and behind a forward it has port 22.
  opens: ({ host: { sshPort = 22 } }) => [22, sshPort].map((port) => ({ protocol: "tcp", port })),
  ofHost: renderHost,
};

/** The host's own settings: kernel parameters, start of the daemons, the target that starts the accounts' sockets after a boot. */
export function renderHost(): { files: BundleFile[]; units: BundleUnit[] } {
  const target = "fairhost.target";
  const dropIns = Object.entries(daemons).map(([name, service]) => ({
    unit: `${name}.service`,
    path: `systemd/${name}.service.d/50-fairhost.conf`,
    content: unitFile({ Service: service }),
  }));
  return {
    files: [
      { path: "sysctl/60-fairhost.conf", content: sysctl },
      {
        path: `systemd/${target}`,
        content: unitFile({ Unit: { Description: "Accounts' sockets", After: "network.target" } }),
      },
      { path: `systemd/multi-user.target.wants/${target}`, link: `../${target}` },
      ...dropIns.map(({ path, content }) => ({ path, content })),
      ...dropIns.map(({ unit }) => ({
        path: `systemd/multi-user.target.wants/${unit}`,
        link: `/usr/lib/systemd/system/${unit}`,
      })),
    ],
    units: [
      { name: target, want: "start", restartOn: [] },
      ...dropIns.map(({ unit, path }) => ({ name: unit, want: "start" as const, restartOn: [path] })),
    ],
  };
}
