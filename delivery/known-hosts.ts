import { createHmac } from "node:crypto";

/**
 * The pinned key of `[address]:port` in the text of an OpenSSH known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT"), as `<type> <base64>`; undefined when there is none. It reads plain and hashed names, but
 * not patterns or certificate authorities: one host has one key. Of several keys Ed25519 is used, so a host should offer only that.
 * @throws if the key is marked `@revoked`.
 */
export function pinnedKey(knownHosts: string, address: string, port: number): string | undefined {
  const name = port === 22 ? address : `[${address}]:${port}`;
  const keys = knownHosts
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 3 && !fields[0]!.startsWith("#"));
  const revoked = keys.some((fields) => fields[0] === "@revoked" && matches(fields[1]!, name));
  if (revoked) throw new Error(`the host key of ${name} is marked @revoked in the known_hosts file`);
  const found = keys
    .filter((fields) => !fields[0]!.startsWith("@") && matches(fields[0]!, name))
    .map((fields) => `${fields[1]} ${fields[2]}`);
  return found.find((key) => key.startsWith("ssh-ed25519 ")) ?? found[0];
}

function matches(field: string, name: string): boolean {
  return field.split(",").some((entry) => {
    const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(entry);
    if (!hashed) return entry === name;
    return createHmac("sha1", Buffer.from(hashed[1]!, "base64")).update(name).digest("base64") === hashed[2];
  });
}
