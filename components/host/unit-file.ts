/** Writing systemd's unit files so that no value can become a directive, whatever it contains. */

/** A setting and its value; a list repeats the setting (systemd adds them up). */
export type Settings = Readonly<Record<string, string | readonly string[]>>;

/**
 * The text of a unit file or drop-in (systemd.syntax(7)): sections in the given order, empty ones left out.
 * @throws {RangeError} for a value with a control character (a line end would begin another directive) or a final backslash
 *   (which would swallow the next line): inputs are checked by the inventory, so this is a fault of the caller.
 */
export function unitFile(sections: Readonly<Record<string, Settings>>): string {
  let text = "";
  for (const [section, settings] of Object.entries(sections)) {
    let lines = "";
    for (const [key, value] of Object.entries(settings)) {
      if (typeof value === "string") lines += settingLine(key, value);
      else for (const each of value) lines += settingLine(key, each);
    }
    if (lines !== "") text += `${text === "" ? "" : "\n"}[${section}]\n${lines}`;
  }
  return text;
}

function settingLine(key: string, value: string): string {
  if (/\p{Cc}|\\$/u.test(value)) throw new RangeError(`${key}= may not hold ${JSON.stringify(value)}`);
  return `${key}=${value}\n`;
}

/**
 * One word of `ExecStart=:` or `Environment=`: in double quotes, C-style escapes, specifiers doubled (systemd.service(5),
 * systemd.unit(5)). `$` needs nothing: with the prefix `:` no variable is put in, and `Environment=` knows none.
 * @throws {RangeError} for a NUL, which no program can be given
 */
export function quoteWord(text: string): string {
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
  return [`:${program}`, ...rest.map((word) => (/^[A-Za-z0-9/._:=@[\]-]+$/.test(word) ? word : quoteWord(word)))].join(
    " ",
  );
}

/**
 * `NAME=value`, sorted by name.
 * @throws {RangeError} for a name no shell would take
 */
export function assignments(variables: Readonly<Record<string, string>>): string[] {
  return Object.keys(variables)
    .sort()
    .map((name) => `${plain(name, /[A-Za-z_][A-Za-z0-9_]*/, "variable name")}=${variables[name]}`);
}

/** The values of `Environment=`, sorted by name. */
export function environmentLines(variables: Readonly<Record<string, string>>): string[] {
  return assignments(variables).map(quoteWord);
}

/** Patterns of {@link plain} as a whole by their source, compiled once: with a thousand accounts that is a tenth of all rendering. */
const anchored = new Map<string, RegExp>();

/**
 * Hands a value through that matches `pattern` (without flags) as a whole: for places where the reading program has no quoting.
 * @throws {RangeError} naming what it is otherwise
 */
export function plain(text: string, pattern: RegExp, what: string): string {
  const { source } = pattern;
  const whole = anchored.get(source) ?? new RegExp(`^(?:${source})$`);
  anchored.set(source, whole);
  if (!whole.test(text)) {
    throw new RangeError(`${JSON.stringify(text)} is no ${what}`);
  }
  return text;
}
