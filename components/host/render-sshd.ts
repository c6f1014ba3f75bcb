import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { BareMetalHostInputs } from "../registry/kinds.generated.ts";
import { keysOfTrial, sshSettings } from "./sshd.host.ts";

export const renderer: Renderer<"hosts"> = {
  key: "hosts",
  ofHost: ({ host }) => ({ files: [renderSshd(host)] }),
};

/** Settings of the host's own SSH server. Of several values the first counts, and Debian's own file and others come later. */
function renderSshd({ ssh }: Pick<BareMetalHostInputs, "ssh">): BundleFile {
  // A pinned key of NIST's curves stays offered: the controller knows the host by it.
  const pinned = ssh?.hostKey?.split(" ")[0]?.startsWith("ecdsa-") === true;
  const content = `# Who may log in: root, by key. Controllers come as root; that others do not reach SSH at all is the firewall's part (\`controllers\`).
PermitRootLogin prohibit-password
PubkeyAuthentication yes
# OpenSSH's own two, and one that is there only while the applier tries new settings; its key runs /bin/true.
AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 ${keysOfTrial}
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
HostbasedAuthentication no
PermitUserEnvironment no
# What ends at the host: a delivery needs commands and their standard input alone, and so do backups, which have a server of their own.
DisableForwarding yes
X11Forwarding no
AllowAgentForwarding no
AllowTcpForwarding no
AllowStreamLocalForwarding no
PermitTunnel no
GatewayPorts no
# Clients that have not logged in: from 30 on three of ten are turned away, from 100 on all, so that those of a flood leave room for a controller.
MaxStartups 30:30:100
# Of these, of one visitor: an IPv4 address, or the first half of one of IPv6, of which whoever has one has them all. So are penalties counted.
PerSourceMaxStartups 15
PerSourceNetBlockSize 32:64
LoginGraceTime 30
MaxAuthTries 6
# A client that is gone is noticed after three minutes, through the encrypted connection, where nobody can feign an answer.
ClientAliveInterval 60
ClientAliveCountMax 3
TCPKeepAlive no
# The journal names the key of each login.
LogLevel VERBOSE
IgnoreRhosts yes
# Taken away from OpenSSH's own lists (docs/decisions/0061): NIST's curves, groups of finite fields, SHA-1, tags of 64 bits, and MACs of
# the plain text: of deliveries both ends are ours, and have others.
KexAlgorithms -ecdh-sha2-nistp*,diffie-hellman-*
MACs -hmac-sha1*,umac-64*,umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512
${pinned ? "" : "HostKeyAlgorithms -ecdsa-*,sk-ecdsa-*\n"}`;
  return { path: sshSettings.file, content };
}
