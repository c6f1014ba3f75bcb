/** The end of a name that says what it holds, from the word that says so up to its end. */
const named = /(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key)[\w.-]*/gi;
/** What follows such a name: what marks a value, and the value. */
const assignment = /(["']?[ \t]*[=:][ \t]*)\S.*/y;
const inSentence = /(["']?=)\S+/y;
/** A value in JSON, also in JSON that is text in JSON. */
const member = /(\\*["'][ \t]*:[ \t]*)(?:\\*["'][^"'\\\s]*\\*["']?|[^\s,}]+)/y;
const pem = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** What stands before a password in an address. */
const login = /(?<=\b[a-z][a-z0-9+.-]*):\/\/[^\s:/@]*:/gi;
const endOfAddress = /[\s"'<>]|$/g;
const hash = /\$(?:2[abxy]|[156y]|argon2\w*)\$[\w./$=,+-]+/g;

/** 32 bytes in base64: a host's or an account's secret. Fingerprints of keys have no padding. */
const bytes = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=/g;
/** A random text as this program makes it. Digests have no capitals. */
const random = /\b(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{64}\b/g;

const masked = "(masked)";

/** A file's text with likely secrets masked: private keys, passwords and tokens up to the end of their line, password hashes. */
export function maskFile(text: string): string {
  return maskNamed(common(text), assignment);
}

/** A sentence with likely secrets masked. A colon does not mark a secret there. */
export function maskSentence(text: string): string {
  const rest = common(text);
  // Without an equals sign nothing can match; this check is faster.
  return rest.includes("=") ? maskNamed(rest, inSentence) : rest;
}

/**
 * A program's output with likely secrets masked, and these for certain.
 * @param known secrets; those under six characters are left alone, since they also occur by chance
 */
export function maskOutput(text: string, known: readonly string[] = []): string {
  // The longest first: one may begin with another.
  const certain = known.filter(({ length }) => length >= 6).sort((one, other) => other.length - one.length);
  const rest = certain.reduce((left, each) => left.replaceAll(each, masked), text);
  return maskSentence(maskNamed(rest, member).replace(bytes, masked).replace(random, masked));
}

/** Secrets among environment variables: values of those whose name says so, and passwords in addresses. */
export function secretsIn(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value = ""]) => {
    if (/^[\w.-]+$/.test(name) && name.search(named) >= 0 && !name.endsWith("_FILE")) return [value];
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
  return maskLogins(text.replace(pem, `$1 ${masked}`)).replace(hash, masked);
}

/*
 * Texts may be long lines that somebody made up, so no character is read more than a few times: one pattern for a name with its value, or for an address
 * with its password, would read on from each place where it could begin, by the square of their number.
 */

/** Masks the values of {@link named}. */
function maskNamed(text: string, value: RegExp): string {
  let [shown, from] = ["", 0];
  named.lastIndex = 0;
  while (named.test(text)) {
    const end = named.lastIndex;
    value.lastIndex = end;
    const found = value.exec(text);
    if (!found) continue;
    shown += `${text.slice(from, end)}${found[1]}${masked}`;
    from = value.lastIndex;
    named.lastIndex = from;
  }
  return shown + text.slice(from);
}

/** Masks passwords in addresses, each up to the last at sign: a password may hold one that nobody has encoded. */
function maskLogins(text: string): string {
  let [shown, from, end, at] = ["", 0, -1, -1];
  login.lastIndex = 0;
  while (login.test(text)) {
    const begin = login.lastIndex;
    if (begin > end) {
      endOfAddress.lastIndex = begin;
      end = endOfAddress.exec(text)!.index;
      at = begin + text.slice(begin, end).lastIndexOf("@");
    }
    if (at > begin) {
      shown += text.slice(from, begin) + masked;
      from = at;
      login.lastIndex = at + 1;
    } else {
      // The colon at its end may be that of the next one.
      login.lastIndex = begin - 1;
    }
  }
  return shown + text.slice(from);
}
