import { whole } from "../text/whole.ts";

/** Writes systemd's unit files so that no value can become a directive, whatever it contains. */

/**
 * Makes a check for places where the reading program has no quoting: it returns a value that matches `pattern` (without flags) as
 * a whole. Make it once and not at each use, since every account passes through a dozen of them.
 * @param what name of the value for the RangeError that refuses anything else
 */
export function plain(pattern: RegExp, what: string): (text: string) => string {
  const valid = whole(pattern);
  return (text) => {
    if (!valid.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a valid ${what}`);
    return text;
  };
}

/** Checks an IPv6 address. */
export const plainAddress = plain(/[0-9a-f:]+/, "IPv6 address");

/** Checks an IPv4 address. */
export const plainAddress4 = plain(/\d{1,3}(?:\.\d{1,3}){3}/, "IPv4 address");

const variableName = plain(/[A-Za-z_][A-Za-z0-9_]*/, "variable name");

/** A setting and its value; a list repeats the setting, and systemd combines the values. */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

/**
 * The text of a unit file or drop-in (systemd.syntax(7)): sections in the given order, empty ones left out.
 * @throws {RangeError} for a value with a control character (a line end would begin another directive) or a final backslash
 *   (which would swallow the next line): the loader checks inputs, so this is an error of the caller.
 */
export function unitFile(sections: Readonly<Record<string, Settings>>): string {
  // Joined at the end: text that is concatenated piece by piece stays a tree of pieces, which the garbage collector copies one by one.
  const lines: string[] = [];
  for (const section of Object.keys(sections)) {
    const begin = lines.length;
    addSettings(lines, sections[section]!);
    if (lines.length > begin) lines[begin] = `${begin === 0 ? "" : "\n"}[${section}]\n${lines[begin]}`;
  }
  lines.push("");
  return lines.join("\n");
}

function addSettings(lines: string[], settings: Settings): void {
  for (const key of Object.keys(settings)) {
    const value = settings[key]!;
    if (typeof value === "string") lines.push(settingLine(key, value));
    else for (const each of value) lines.push(settingLine(key, each));
  }
}

const control = /\p{Cc}/u;

function settingLine(key: string, value: string): string {
  if (control.test(value) || value.endsWith("\\"))
    throw new RangeError(`${key}= must not contain ${JSON.stringify(value)}`);
  return `${key}=${value}`;
}

/** Words that need no quoting. */
const harmless = /^[A-Za-z0-9/._:=@[\]-]+$/;

/**
 * One word of `ExecStart=:` or `Environment=`: in double quotes, C-style escapes, specifiers doubled (systemd.service(5),
 * systemd.unit(5)). `$` needs no escape: with the prefix `:` variables are not expanded, and neither are they in `Environment=`.
 * @throws {RangeError} for a NUL, which is not possible in arguments and variables
 */
export function quoteWord(text: string): string {
  if (harmless.test(text)) return `"${text}"`;
  if (text.includes("\0")) throw new RangeError(`${JSON.stringify(text)} must not contain a NUL`);
  const escaped = text
    .replace(/["\\]/g, "\\$&")
    .replaceAll("%", "%%")
    .replace(/\p{Cc}/gu, escapeControl);
  return `"${escaped}"`;
}

/** Escapes the octets of its UTF-8, so that the reader gets the same character. */
function escapeControl(character: string): string {
  return Array.from(Buffer.from(character), (octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
}

/** `ExecStart=` for an argument vector: no shell, no variables, no specifiers, exactly these words. The first is an absolute path. */
export function execLine(words: readonly string[]): string {
  const [program, ...rest] = words;
  if (!program || !/^\/[A-Za-z0-9/._+-]+$/.test(program))
    throw new RangeError(`${program} is not a plain absolute path`);
  return [`:${program}`, ...rest.map((word) => (harmless.test(word) ? word : quoteWord(word)))].join(" ");
}

/**
 * `NAME=value`, sorted by name.
 * @throws {RangeError} for a name that is not valid in a shell
 */
export function assignments(variables: Readonly<Record<string, string>>): string[] {
  return Object.keys(variables)
    .sort()
    .map((name) => `${variableName(name)}=${variables[name]}`);
}

/** The values of `Environment=`, sorted by name. */
export function environmentLines(variables: Readonly<Record<string, string>>): string[] {
  return assignments(variables).map(quoteWord);
}
