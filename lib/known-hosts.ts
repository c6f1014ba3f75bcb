import { createHmac } from "node:crypto";
import { Address6 } from "ip-address";
import { once } from "./once.ts";

/** One line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly marker?: string | undefined;
  readonly names: string;
  readonly type: string;
  readonly key: string;
}

/** The lines of a known_hosts file that are no comments, what they say and where; a part that is missing is left out. */
export function knownHostsOf(text: string): { readonly data: Partial<KnownHost>[]; readonly lines: readonly number[] } {
  const lines = text.split("\n").flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    if (fields[0] === "" || fields[0]!.startsWith("#")) return [];
    const [marker, names, type, key] = fields[0]!.startsWith("@") ? fields : [undefined, ...fields];
    const parts = Object.entries({ marker, names, type, key }).filter(([, part]) => part !== undefined);
    return [{ data: Object.fromEntries(parts) as Partial<KnownHost>, line: index + 1 }];
  });
  return { data: lines.map(({ data }) => data), lines: lines.map(({ line }) => line) };
}

/** Lines of a known_hosts file that have all their parts. */
export function wholeLines(text: string): KnownHost[] {
  return knownHostsOf(text).data.filter(isWhole);
}

/** Whether a line has all its parts. */
export function isWhole(line: { readonly [K in keyof KnownHost]?: KnownHost[K] | undefined }): line is KnownHost {
  return line.names !== undefined && line.type !== undefined && line.key !== undefined;
}

/**
 * The pinned key of `[address]:port` in lines of an OpenSSH known_hosts file, as `<type> <base64>`; none if there is none. It reads plain
 * and hashed names, in any case, but patterns and certificate authorities only to revoke: one host has one key. Of several keys
 * Ed25519 is used, then one that is not RSA; a host should offer only Ed25519. `revoked`: all of its keys are marked so, for this host or for a
 * pattern that it matches.
 */
export function pinnedKeyIn(
  lines: readonly KnownHost[],
  address: string,
  port: number,
): { readonly key?: string; readonly revoked?: true } {
  const name = nameAt(address, port);
  const keyOf = ({ type, key }: KnownHost) => `${type} ${key}`;
  const revoked = new Set(lines.filter((line) => line.marker === "@revoked" && isCovered(line, name)).map(keyOf));
  const found = lines.filter((line) => line.marker === undefined && matches(namesIn(line), name)).map(keyOf);
  const valid = found.filter((key) => !revoked.has(key));
  if (valid.length === 0) return found.length > 0 ? { revoked: true } : {};
  const isNot = (type: string) => (key: string) => !key.startsWith(`${type} `);
  return { key: valid.find((key) => !isNot("ssh-ed25519")(key)) ?? valid.find(isNot("ssh-rsa")) ?? valid[0]! };
}

/**
 * Whether all that a line says is the key by which these hosts are known: without a marker, a pattern or any other name, and without a
 * second key of one host, which OpenSSH would take as well.
 */
export function isPinOf(
  line: KnownHost,
  lines: readonly KnownHost[],
  hosts: readonly { readonly address: string; readonly port: number }[],
): boolean {
  if (line.marker !== undefined) return false;
  return namesIn(line).every((entry) => {
    const named = hosts.filter(({ address, port }) => matches([entry], nameAt(address, port)));
    return (
      named.length > 0 &&
      named.every(({ address, port }) => pinnedKeyIn(lines, address, port).key === `${line.type} ${line.key}`)
    );
  });
}

/** A host and its port, as the file names them. */
export function nameAt(address: string, port: number): string {
  const host = nameOf(address);
  return port === 22 ? host : `[${host}]:${port}`;
}

/** As OpenSSH looks a host up: in lower case; an IPv6 address in its canonical form. */
function nameOf(address: string): string {
  return Address6.isValid(address) ? new Address6(address).correctForm() : address.toLowerCase();
}

/** A name of a line, or what a hashed one was made with. */
type Name = string | { readonly salt: Buffer; readonly digest: string };

/** The names of a line. Read once: each host is looked for in all lines, and the canonical form of an address takes long. */
const namesIn = once(({ names }: KnownHost): readonly Name[] =>
  names.split(",").map((entry) => {
    const hashed = /^\|1\|([^|]+)\|([^|]+)$/.exec(entry);
    return hashed ? { salt: Buffer.from(hashed[1]!, "base64"), digest: hashed[2]! } : plainName(entry);
  }),
);

function matches(names: readonly Name[], name: string): boolean {
  return names.some((entry) =>
    typeof entry === "string"
      ? entry === name
      : createHmac("sha1", entry.salt).update(name).digest("base64") === entry.digest,
  );
}

/** A name of the file in the form of {@link nameOf}. */
function plainName(entry: string): string {
  const [, bracketed, port] = /^\[(.*)\]:(\d+)$/.exec(entry) ?? [];
  return bracketed === undefined ? nameOf(entry) : `[${nameOf(bracketed)}]:${port}`;
}

/** Like {@link matches}, and with patterns: `*`, `?`, and `!` in front of one that must not match. */
function isCovered(line: KnownHost, name: string): boolean {
  if (matches(namesIn(line), name)) return true;
  const covers = (pattern: string) => {
    const text = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${text.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
  };
  const patterns = line.names.split(",").filter((entry) => !entry.startsWith("|"));
  if (patterns.some((pattern) => pattern.startsWith("!") && covers(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && covers(pattern));
}
