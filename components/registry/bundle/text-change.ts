import { lazy } from "../../../lib/once.ts";

/** How a file differs from what it was, in statements: lines, in a file of systemd each after its section, a word of a list of paths on its own. */
export interface TextChange {
  /** Those between the lines with which both begin and end. */
  readonly changed: readonly string[];
  /** All that the file had before. */
  readonly known: () => ReadonlySet<string>;
  /** The file as it is. */
  readonly text: string;
}

/** @param inSections whether it is a file of systemd */
export function changeBetween(before: string, text: string, inSections: boolean): TextChange {
  const [first, last] = sameEnds(before, text);
  const between = [before, text].map((side) => side.slice(first, side.length - last));
  // With another header the same lines at the end are in another section.
  const end = inSections && between.some((lines) => header.test(lines)) ? text.length : text.length - last;
  return {
    changed: statements(text.slice(first, end), inSections, inSections ? sectionAt(text, first) : ""),
    known: lazy(() => new Set(statements(before, inSections))),
    text,
  };
}

/** How long the lines are that two files have alike at their beginning, and at their end from the end of a line on. */
function sameEnds(before: string, after: string): readonly [first: number, last: number] {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < most && before.charCodeAt(same) === after.charCodeAt(same)) same++;
  const first = same === 0 ? 0 : after.lastIndexOf("\n", same - 1) + 1;
  let last = 0;
  const [wasEnd, isEnd] = [before.length - 1, after.length - 1];
  while (last < most - first && before.charCodeAt(wasEnd - last) === after.charCodeAt(isEnd - last)) last++;
  const end = after.indexOf("\n", after.length - last);
  return [first, last === 0 || end < 0 ? 0 : after.length - end];
}

const header = /^\[\w+\]$/m;

/** The header of the section in which a line begins. */
function sectionAt(text: string, line: number): string {
  let end = line - 1;
  while (end > 0) {
    const begin = text.lastIndexOf("\n", end - 1) + 1;
    if (text[begin] === "[" && header.test(text.slice(begin, end))) return text.slice(begin, end);
    end = begin - 1;
  }
  return "";
}

/** @param section in which the lines begin */
function statements(text: string, inSections: boolean, section = ""): string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  if (!inSections) return lines;
  const found: string[] = [];
  let around = section;
  for (const line of lines) {
    if (line.startsWith("[") && header.test(line)) {
      around = line;
      continue;
    }
    const [, setting, words] = (line.startsWith("Bind") && lists.exec(line)) || [];
    if (words === undefined) found.push(`${around} ${line}`);
    else for (const word of words.split(" ")) found.push(`${around} ${setting}${word}`);
  }
  return found;
}

const lists = /^(Bind(?:ReadOnly)?Paths=)(.+)$/;
