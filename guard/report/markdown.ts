import { maskSentence } from "../../lib/text/mask.ts";
import { printable } from "../../lib/text/text.ts";

/**
 * Text from outside (names, values, messages) as Markdown that GitHub and GitLab show literally: one line that does not end a table
 * cell, fence or block, contains no HTML, pings nobody and links no issue.
 */
export function text(value: string, most = 600): string {
  return apart(line(value, most))
    .replace(/[\\`*_[\]|~$]/g, "\\$&")
    .replace(/[&<>]/g, (character) => entities[character]!)
    .replace(/^[-+=:#]/, "\\$&")
    .replace(/^(\d+)(?=[.)](?:\s|$))/, "$1\\")
    .replace(/(:)(?=\/\/)|\b(www)(?=\.)/gi, "$&\\");
}

/** The same as code, for text that people copy: file and line, names. Not for tables, where a bar would end the cell. */
export function code(value: string, most = 200): string {
  const shown = line(value, most);
  if (shown === "") return "(empty)";
  const ticks = "`".repeat(longestRun(shown) + 1);
  return /^`|`$/.test(shown) ? `${ticks} ${shown} ${ticks}` : `${ticks}${shown}${ticks}`;
}

/** Lines as a fenced block that no line can end early. */
export function fence(content: string, language: string): string {
  const ticks = "`".repeat(Math.max(3, longestRun(content) + 1));
  const lines = content.split("\n").map((each) => visible(each.replaceAll("\t", "    ")));
  return [`${ticks}${language}`, ...lines, ticks].join("\n");
}

/** A collapsed block whose title is always visible. */
export function details(title: string, content: string): string {
  const shown = apart(line(title, 200)).replace(/[&<>]/g, (character) => entities[character]!);
  // The content is parsed as Markdown because of the empty lines.
  return `<details><summary>${shown}</summary>\n\n${content}\n\n</details>`;
}

/** A comment's first line. It is invisible; the next run finds the comment by it: one comment for each fleet and cell. */
export function markerOf({
  inventory,
  cell,
}: {
  readonly inventory: string;
  readonly cell?: string | undefined;
}): string {
  const shown = (cell === undefined ? inventory : `${inventory} ${cell}`)
    .replace(/[^\w./-]+/g, " ")
    .replace(/-{2,}/g, "-")
    .trim()
    .slice(0, 100);
  return `<!-- fairhost-guard: ${shown || "none"} -->`;
}

/**
 * As many whole items as fit into the budget, in their order, and the number of items left out.
 * @param budget characters, including the line that counts the rest
 */
export function within<T>(
  items: readonly T[],
  budget: number,
  render: (item: T) => string,
  rest: (left: number) => string,
): string[] {
  const shown: string[] = [];
  let left = budget - 120;
  let missed = 0;
  for (const [index, item] of items.entries()) {
    const rendered = render(item);
    if (rendered.length + 2 <= left) {
      shown.push(rendered);
      left -= rendered.length + 2;
      continue;
    }
    missed++;
    // A smaller later item may still fit, but trying all of ten thousand is not worth the time.
    if (left < 200 || missed === 20) {
      missed += items.length - index - 1;
      break;
    }
  }
  return missed === 0 ? shown : [...shown, rest(missed)];
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/** One line of at most `most` characters, with secrets masked and invisible characters made visible. */
function line(value: string, most: number): string {
  const shown = visible(maskSentence(value)).trim();
  return shown.length <= most ? shown : `${shown.slice(0, most - 1).toWellFormed()}…`;
}

function visible(value: string): string {
  return printable(value.toWellFormed());
}

/** Puts a zero-width space after characters that make the next word a mention, an issue, a merge request, a label, ... */
function apart(value: string): string {
  return value.replace(/[@#!$%~&^](?=[\p{L}\p{N}_"'-])/gu, "$&\u200b");
}

function longestRun(value: string): number {
  return Math.max(0, ...Array.from(value.matchAll(/`+/g), ([run]) => run.length));
}
