/** What is wrong with a public key, in words that follow "the key"; undefined if nothing is. */
export type KeyFault = string | undefined;

/** Least bits of an RSA key: what ssh-keygen makes by default, about as strong as a cipher of 128 bits (NIST SP 800-57, table 2). */
const leastRsaBits = 3072;

type Reader = (blob: KeyBlob) => KeyFault;

/** Types that OpenSSH 10 accepts, with what follows the type in their blob (RFC 4253 section 6.6, RFC 5656, RFC 8709, PROTOCOL.u2f). */
const types: Readonly<Record<string, Reader>> = {
  "ssh-ed25519": ed25519,
  "sk-ssh-ed25519@openssh.com": (blob) => ed25519(blob) ?? application(blob),
  ...Object.fromEntries(
    ([256, 384, 521] as const).map((bits) => [`ecdsa-sha2-nistp${bits}`, (blob: KeyBlob) => ecdsa(blob, bits)]),
  ),
  "sk-ecdsa-sha2-nistp256@openssh.com": (blob) => ecdsa(blob, 256) ?? application(blob),
  "ssh-rsa": rsa,
};

/**
 * Judges one line of an `authorized_keys` file without options (sshd(8)). The whole blob is read, so that nothing which sshd would skip
 * with a line in its log alone is taken for a key.
 */
export function faultOf(line: string): KeyFault {
  const [, type = "", text = ""] = /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: [^\p{Cc}]*)?$/u.exec(line) ?? [];
  if (type === "") return "is not written as <type> <key in base64> <comment>, without options";
  const read = Object.hasOwn(types, type) ? types[type] : undefined;
  if (read === undefined)
    return `is of type ${type}, which is ${type === "ssh-dss" ? "too weak" : "not one that may log in"}`;
  const octets = Buffer.from(text, "base64");
  if (octets.toString("base64") !== text) return "is cut off, or not in base64";
  const blob = new KeyBlob(octets);
  if (blob.string()?.toString("latin1") !== type) return `is called ${type}, but is none inside`;
  const fault = read(blob);
  if (fault !== undefined) return fault;
  return blob.isAtEnd ? undefined : "has more than a key has";
}

/** Type and key alone: what two lines have in common that differ in their comments. */
export function withoutComment(line: string): string {
  return line.split(" ", 2).join(" ");
}

const broken = "is cut off, or no key inside";

function ed25519(blob: KeyBlob): KeyFault {
  return blob.string()?.length === 32 ? undefined : broken;
}

function ecdsa(blob: KeyBlob, bits: number): KeyFault {
  if (blob.string()?.toString("latin1") !== `nistp${bits}`) return broken;
  const point = blob.string();
  // 4: not compressed, the only form of RFC 5656 that OpenSSH reads.
  return point?.[0] === 4 && point.length === 1 + 2 * Math.ceil(bits / 8) ? undefined : broken;
}

function rsa(blob: KeyBlob): KeyFault {
  const exponent = blob.integer();
  const modulus = blob.integer();
  if (exponent === undefined || modulus === undefined) return broken;
  if (exponent.equals(Buffer.of(1)) || !isOdd(exponent) || !isOdd(modulus)) return broken;
  const bits = modulus.length * 8 - (Math.clz32(modulus[0]!) - 24);
  return bits >= leastRsaBits ? undefined : `is an RSA key of ${bits} bits, fewer than ${leastRsaBits}`;
}

function isOdd(octets: Buffer): boolean {
  return octets.at(-1)! % 2 === 1;
}

function application(blob: KeyBlob): KeyFault {
  return (blob.string()?.length ?? 0) > 0 ? undefined : broken;
}

/** Reads RFC 4251's `string` and `mpint`, one after the other. */
class KeyBlob {
  readonly #octets: Buffer;
  #at = 0;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  string(): Buffer | undefined {
    if (this.#at + 4 > this.#octets.length) return undefined;
    const begin = this.#at + 4;
    const end = begin + this.#octets.readUInt32BE(this.#at);
    if (end > this.#octets.length) return undefined;
    this.#at = end;
    return this.#octets.subarray(begin, end);
  }

  /** The octets of a positive one in its shortest form, without the zero that only says so. */
  integer(): Buffer | undefined {
    const octets = this.string();
    if (octets === undefined || octets.length === 0 || octets[0]! >= 0x80) return undefined;
    if (octets[0] !== 0) return octets;
    return (octets[1] ?? 0) < 0x80 ? undefined : octets.subarray(1);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#octets.length;
  }
}
