import { createHmac } from "node:crypto";
import { Address6 } from "ip-address";

/**
 * The pinned key of `[address]:port` in the text of an OpenSSH known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE
 * FORMAT"), as `<type> <base64>`; undefined when there is none. It reads plain and hashed names, in any case, but
 * patterns and certificate authorities only to revoke: one host has one key. Of several keys Ed25519 is used, so a host should offer only
 * that.
 * @throws if every key of the host is marked `@revoked`, for this host or for a pattern that it matches
 */
export function pinnedKey(knownHosts: string, address: string, port: number): string | undefined {
  const host = nameOf(address);
  const name = port === 22 ? host : `[${host}]:${port}`;
  const lines = knownHosts
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 3 && !fields[0]!.startsWith("#"));
  const revoked = new Set(
    lines
      .filter(([mark, names, , key]) => mark === "@revoked" && key !== undefined && isCovered(names!, name))
      .map(([, , type, key]) => `${type} ${key}`),
  );
  const found = lines
    .filter((fields) => !fields[0]!.startsWith("@") && matches(fields[0]!, name))
    .map((fields) => `${fields[1]} ${fields[2]}`);
  const valid = found.filter((key) => !revoked.has(key));
  if (found.length > 0 && valid.length === 0) {
    throw new Error(`the host key of ${name} is marked @revoked in the known_hosts file`);
  }
  return valid.find((key) => key.startsWith("ssh-ed25519 ")) ?? valid[0];
}

/** As OpenSSH looks a host up: in lower case; an IPv6 address in its canonical form. */
function nameOf(address: string): string {
  return Address6.isValid(address) ? new Address6(address).correctForm() : address.toLowerCase();
}

function matches(field: string, name: string): boolean {
  return field.split(",").some((entry) => {
    const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(entry);
    if (!hashed) return plainName(entry) === name;
    return createHmac("sha1", Buffer.from(hashed[1]!, "base64")).update(name).digest("base64") === hashed[2];
  });
}

/** A name of the file in the form of {@link nameOf}. */
function plainName(entry: string): string {
  const [, bracketed, port] = /^\[(.*)\]:(\d+)$/.exec(entry) ?? [];
  return bracketed === undefined ? nameOf(entry) : `[${nameOf(bracketed)}]:${port}`;
}

/** Like {@link matches}, and with patterns: `*`, `?`, and `!` in front of one that must not match. */
function isCovered(field: string, name: string): boolean {
  if (matches(field, name)) return true;
  const covers = (pattern: string) => {
    const text = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${text.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
  };
  const patterns = field.split(",").filter((entry) => !entry.startsWith("|"));
  if (patterns.some((pattern) => pattern.startsWith("!") && covers(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && covers(pattern));
}
