import { readdir } from "node:fs/promises";
import { join } from "node:path";

/**
 * The files below a directory that a list of patterns selects, as paths relative to it with `/`. Patterns are taken in
 * order; one that begins with `!` takes files out again. `*` and `?` stop at `/`, `**` does not; `[ab]`, `[!ab]` and
 * `{one,other}` are known;
 */
export async function selectFiles(directory: string, patterns: readonly string[]): Promise<string[]> {
  const rules = patterns.map((pattern) => ({
    exclude: pattern.startsWith("!"),
    matches: toRegExp(pattern.replace(/^!/, "")),
  }));
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(directory, "/").length))
    .filter((file) => {
      const last = rules.findLast(({ matches }) => matches.test(file));
      return last !== undefined && !last.exclude;
    });
  return files.sort();
}

function toRegExp(pattern: string): RegExp {
  return new RegExp(`^${toSource(pattern)}$`, "s");
}

function toSource(pattern: string): string {
  const tokens = pattern.match(/\*\*|\{[^{}]*\}|\[!?[^\]]+\]|\\.|./gsu) ?? [];
  return tokens.map(tokenSource).join("");
}

function tokenSource(token: string): string {
  if (token === "**") return ".*";
  if (token === "*") return "[^/]*";
  if (token === "?") return "[^/]";
  if (token.length > 1 && token.startsWith("{")) return `(?:${token.slice(1, -1).split(",").map(toSource).join("|")})`;
  if (token.length > 1 && token.startsWith("[")) return token.replaceAll("\\", "\\\\").replace(/^\[!/, "[^");
  return token.replace(/^\\(?=.)/s, "").replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
}
