const word = String.raw`[\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|access[-_]?key)[\w.-]*`;
const assignment = new RegExp(String.raw`(${word}["']?[ \t]*[=:][ \t]*)[^\s].*`, "gi");
const inSentence = new RegExp(String.raw`(${word}["']?=)\S+`, "gi");
const pem = /(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const login = /(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s/@]+@/gi;
const hash = /\$(?:2[abxy]|[156y]|argon2\w*)\$[\w./$=,+-]+/g;

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

function common(text: string): string {
  return text.replace(pem, `$1 ${masked}`).replace(login, `$1${masked}@`).replace(hash, masked);
}
