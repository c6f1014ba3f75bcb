/** Writing systemd's unit files so that no value can become a directive, whatever it contains. */

/**
 * A check for places where the reading program has no quoting: hands a value through that matches `pattern` (without flags) as a
 * whole. Made once and not at each use, since every account passes through a dozen of them.
 * @param what named by the RangeError that refuses anything else
 */
export function plain(pattern: RegExp, what: string): (text: string) => string {
  const whole = new RegExp(`^(?:${pattern.source})$`);
  return (text) => {
    if (!whole.test(text)) throw new RangeError(`${JSON.stringify(text)} is no ${what}`);
    return text;
  };
}

/** An IPv6 address where nothing else may stand. */
export const plainAddress = plain(/[0-9a-f:]+/, "IPv6 address");

const variableName = plain(/[A-Za-z_][A-Za-z0-9_]*/, "variable name");

/** A setting and its value; a list repeats the setting (systemd adds them up). */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

/**
 * The text of a unit file or drop-in (systemd.syntax(7)): sections in the given order, empty ones left out.
 * @throws {RangeError} for a value with a control character (a line end would begin another directive) or a final backslash
 *   (which would swallow the next line): inputs are checked by the inventory, so this is a fault of the caller.
 */
export function unitFile(sections: Readonly<Record<string, Settings>>): string {
  // Joined at the end: a text added up piece by piece stays a tree of its pieces, which the garbage collector copies one by one.
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
    throw new RangeError(`${key}= may not hold ${JSON.stringify(value)}`);
  return `${key}=${value}`;
}

/** What means itself in a word, with quotes or without. */
const harmless = /^[A-Za-z0-9/._:=@[\]-]+$/;

/**
 * One word of `ExecStart=:` or `Environment=`: in double quotes, C-style escapes, specifiers doubled (systemd.service(5),
 * systemd.unit(5)). `$` needs nothing: with the prefix `:` no variable is put in, and `Environment=` knows none.
 * @throws {RangeError} for a NUL, which no program can be given
 */
export function quoteWord(text: string): string {
  if (harmless.test(text)) return `"${text}"`;
  if (text.includes("\0")) throw new RangeError(`a NUL may not stand in ${JSON.stringify(text)}`);
  const escaped = text
    .replace(/["\\]/g, "\\$&")
    .replaceAll("%", "%%")
    .replace(/\p{Cc}/gu, escapeControl);
  return `"${escaped}"`;
}

/** Octets of its UTF-8, so that the reader puts the same character together again. */
function escapeControl(character: string): string {
  return Array.from(Buffer.from(character), (octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("");
}

/** `ExecStart=` for an argument vector: no shell, no variables, no specifiers, exactly these words. The first is an absolute path. */
export function execLine(words: readonly string[]): string {
  const [program, ...rest] = words;
  if (!program || !/^\/[A-Za-z0-9/._+-]+$/.test(program)) throw new RangeError(`${program} is no plain absolute path`);
  return [`:${program}`, ...rest.map((word) => (harmless.test(word) ? word : quoteWord(word)))].join(" ");
}

/**
 * `NAME=value`, sorted by name.
 * @throws {RangeError} for a name no shell would take
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
