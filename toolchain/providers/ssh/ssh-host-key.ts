import { createHash } from "node:crypto";
import type { ServerHostKeyAlgorithm } from "ssh2";
import ssh2 from "ssh2";

/** A host key that was pinned: what the server must prove to have. */
export interface PinnedKey {
  readonly type: string;
  readonly blob: Buffer;
}

/** Key types a server may offer, best first. */
const keyTypes: readonly { type: string; algorithms: readonly ServerHostKeyAlgorithm[] }[] = [
  { type: "ssh-ed25519", algorithms: ["ssh-ed25519"] },
  { type: "ecdsa-sha2-nistp256", algorithms: ["ecdsa-sha2-nistp256"] },
  { type: "ecdsa-sha2-nistp384", algorithms: ["ecdsa-sha2-nistp384"] },
  { type: "ecdsa-sha2-nistp521", algorithms: ["ecdsa-sha2-nistp521"] },
  { type: "ssh-rsa", algorithms: ["rsa-sha2-512", "rsa-sha2-256"] },
];

/**
 * Reads a public host key as in `ssh_host_ed25519_key.pub`.
 *
 * @throws if the text is not a public key of a supported type.
 */
export function parseHostKey(text: string): PinnedKey {
  const parsed = ssh2.utils.parseKey(text.trim());
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key || key instanceof Error || key.isPrivateKey() || !keyTypes.some(({ type }) => type === key.type)) {
    const known = keyTypes.map(({ type }) => type).join(", ");
    throw new Error(`hostKey is not a public key such as \`ssh-ed25519 AAAA...\` (types: ${known})`);
  }
  return { type: key.type, blob: key.getPublicSSH() };
}

/**
 * Algorithms to offer: those of the pinned key first, so that a server with several keys shows that one. The others
 * are offered too, so that a server without it can be told apart, and is refused with its fingerprint.
 */
export function hostKeyAlgorithms(pinned: PinnedKey): ServerHostKeyAlgorithm[] {
  const ordered = [...keyTypes].sort((one, other) => rank(one.type) - rank(other.type));
  return ordered.flatMap(({ algorithms }) => algorithms);

  function rank(type: string): number {
    return type === pinned.type ? 0 : 1;
  }
}

/** Fingerprint as `ssh-keygen -l` prints it. */
function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The `type base64` line of a key in SSH's binary form. */
function publicKeyLine(blob: Buffer): string {
  return `${typeOf(blob)} ${blob.toString("base64")}`;
}

/** Says that a host showed another key than the pinned one, and what to do. */
export function changedHostKey(host: string, pinned: PinnedKey, got: Buffer): string {
  return [
    `${host}: the host key is not the pinned one; nothing was sent to it.`,
    `  expected ${fingerprint(pinned.blob)} (${pinned.type})`,
    `  got      ${fingerprint(got)} (${typeOf(got)})`,
    "Someone may intercept the connection. If the host was really reinstalled, compare the fingerprint on its own",
    "console (for f in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $f; done), then put the new key into the fleet's",
    "known_hosts, behind the address (it is the input `hostKey` of the resource):",
    `  ${publicKeyLine(got)}`,
  ].join("\n");
}

function typeOf(blob: Buffer): string {
  return blob.subarray(4, 4 + blob.readUInt32BE(0)).toString("latin1");
}
