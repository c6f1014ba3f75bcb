/**
 * The end of a name that says what it holds, from the word that says so. What stands before that word stays as it is and is not matched: trying each
 * letter of each long word as a name's beginning takes time by the square of its length.
 */
const word = String.raw`(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key)[\w.-]*`;
const assignment = new RegExp(String.raw`(${word}["']?[ \t]*[=:][ \t]*)[^\s].*`, "gi");
const inSentence = new RegExp(String.raw`(${word}["']?=)\S+`, "gi");
const pem = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** Up to the last at sign: a password may hold one that nobody has encoded. */
const login = /(?<=\b[a-z][a-z0-9+.-]*)(:\/\/[^\s:/@]*:)[^\s"'<>]+@/gi;
const hash = /\$(?:2[abxy]|[156y]|argon2\w*)\$[\w./$=,+-]+/g;

/** A value in JSON, also in JSON that is text in JSON. */
const member = new RegExp(String.raw`(${word}\\*["'][ \t]*:[ \t]*)(?:\\*["'][^"'\\\s]*\\*["']?|[^\s,}]+)`, "gi");
/** 32 bytes in base64: a host's or an account's secret. Fingerprints of keys have no padding. */
const bytes = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g;
/** A random text as this program makes it. Digests have no capitals. */
const random = /\b(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{64}\b/g;

const masked = "(masked)";

/** A file's text with likely secrets masked: private keys, passwords and tokens up to the end of their line, password hashes. */
export function maskFile(text: string): string {
  return common(text).replace(assignment, `$1${masked}`);
}

/** A sentence with likely secrets masked. A colon does not mark a secret there. */
export function maskSentence(text: string): string {
  const rest = common(text);
  // Without an equals sign nothing can match; this check is faster.
  return rest.includes("=") ? rest.replace(inSentence, `$1${masked}`) : rest;
}

/**
 * A program's output with likely secrets masked, and these for certain.
 * @param known secrets; those under six characters are left alone, since they also occur by chance
 */
export function maskOutput(text: string, known: readonly string[] = []): string {
  const rest = known.filter(({ length }) => length >= 6).reduce((left, each) => left.replaceAll(each, masked), text);
  return maskSentence(rest.replace(member, `$1${masked}`).replace(bytes, masked).replace(random, masked));
}

/** Secrets among environment variables: values of those whose name says so, and passwords in addresses. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  const named = new RegExp(String.raw`^[\w.-]*${word}$`, "i");
  return Object.entries(environment).flatMap(([name, value = ""]) => {
    if (named.test(name) && !name.endsWith("_FILE")) return [value];
    const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:([^\s]+)@/i.exec(value) ?? [];
    return password === undefined ? [] : [password, decoded(password)];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Masks output that comes in pieces, line by line; a private key is held back until its end.
 * @param write gets what is masked
 */
export function maskedLines(known: readonly string[], write: (text: string) => void) {
  let held = "";
  const pass = (text: string) => {
    if (text !== "") write(maskOutput(text, known));
  };
  return {
    add(text: string): void {
      held += text;
      const begun = held.lastIndexOf("-----BEGIN");
      const isOpen = begun >= 0 && !/-----END.*\n/.test(held.slice(begun)) && held.length < mostHeld;
      const end = (isOpen ? held.lastIndexOf("\n", begun) : held.lastIndexOf("\n")) + 1;
      pass(held.slice(0, end));
      held = held.slice(end);
    },
    end(): void {
      pass(held);
      held = "";
    },
  };
}

/** Characters of an unfinished key that are held back: four times the longest key in use. */
const mostHeld = 64 << 10;

function common(text: string): string {
  return text.replace(pem, `$1 ${masked}`).replace(login, `$1${masked}@`).replace(hash, masked);
}
