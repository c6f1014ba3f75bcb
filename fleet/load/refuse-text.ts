import { Lexer } from "yaml";

/** What must not be parsed, or not be read by people: where it begins, and how to fix it. */
export interface Refused {
  /** Position in the text, from 0. */
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
}

/**
 * Characters that a file must not have as they are (YAML 1.2.2, section 5.1, and beyond it): they end lines for some programs and not for
 * others, make git show no lines of a file at all, or show people another order than the one in which they are read (Unicode UAX #9).
 */
const odd = /[^\P{Cc}\t\n\r]|\r(?!\n)|[\p{Bidi_Control}\p{Zl}\p{Zp}\uFEFF\uFFFE\uFFFF]/u;
/** Marks that texts in Arabic or Hebrew need; they change the order of nothing but their neighbours. */
const marks = /[\u200E\u200F\u061C]/g;

/** The first character of a text that is refused, whatever the file is. @param text without a byte order mark at its beginning */
export function oddCharacter(text: string): Refused | undefined {
  const found = odd.exec(text.replaceAll(marks, " "));
  if (found === null) return undefined;
  const { index: offset } = found;
  if (found[0] === "\r") {
    const message = "a carriage return stands alone: some programs end the line here, others do not";
    return { offset, message, fix: "end lines with LF, or with CR and LF" };
  }
  const code = `U+${found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
  const message = `the character ${code} does not show, or shows people another text than the one that is read`;
  return { offset, message, fix: "remove it" };
}

/** A line that git writes around both sides of a merge conflict (git-merge(1), "HOW CONFLICTS ARE PRESENTED"). */
const conflictMarker = /^(?:([<|>])\1{6}(?: .*)?|={7})\r?$/m;

/** The first marker of a merge conflict in a text, whatever the file is. */
export function mergeConflict(text: string): Refused | undefined {
  const found = conflictMarker.exec(text);
  if (found === null) return undefined;
  const fix = "keep the lines that are right, and remove the marker lines <<<<<<<, =======, >>>>>>>";
  return { offset: found.index, message: "a merge conflict of git is not resolved here", fix };
}

/** More than any entry needs, and less than would exhaust the stack. */
export const maxDepth = 50;
export const tooDeep = "lists or maps are nested too deeply";
const notOpened = "a bracket is closed that none has opened";
export const flatten = "look for brackets that are not closed";

/** Words, signs and line ends of the largest file that is read: 40,000 tombstones. Parsed, each takes up to 1 kB of memory. */
const maxLexemes = 1_000_000;
/** Below this size nothing that a text may hold takes much memory, unless it is nested. */
const smallText = 64 * 1024;

/** What would take too much memory as YAML, told before it is parsed. The lexer itself needs next to none. */
export function tooMuchYaml(text: string): Refused | undefined {
  const mayBeDeep = (text.match(/[[{]/g)?.length ?? 0) > maxDepth || text.includes("- ".repeat(maxDepth));
  if (text.length < smallText && !mayBeDeep) return undefined;
  const deep = { offset: 0, message: tooDeep, fix: flatten };
  let [count, brackets, inARow] = [0, 0, 0];
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > maxLexemes) {
      const message = `the file has more than ${maxLexemes} words and signs`;
      return { offset: 0, message, fix: "split it, or remove everything that is not part of the inventory" };
    }
    if (lexeme === "[" || lexeme === "{") brackets++;
    else if (lexeme === "]" || lexeme === "}") brackets--;
    // Lists in lists on one line: `- - - a`.
    if (lexeme === "-" || lexeme === "?") inARow++;
    else if (lexeme.trim() !== "") inARow = 0;
    // Each one would be an error with a stack.
    if (brackets < 0) return { offset: 0, message: notOpened, fix: "look for brackets that are not opened" };
    if (brackets > maxDepth || inARow > maxDepth) return deep;
  }
  return undefined;
}
