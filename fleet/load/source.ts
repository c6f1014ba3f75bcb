import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  Schema,
  visit,
  type YAMLMap,
} from "yaml";
import { lazy } from "../../lib/once.ts";
import { shown } from "../../lib/text/text.ts";
import { mostProblems, type Path, type Problem, tooMany } from "./problem.ts";
import { flatten, maxDepth, mergeConflict, oddCharacter, tooDeep, tooMuchYaml } from "./refuse-text.ts";

/** One YAML file of an inventory: its data, and the place of each property. */
export interface Source {
  /** Relative to the fleet's directory, with `/`. */
  readonly file: string;
  /** Plain data, or `undefined` when the text could not be read as YAML. */
  readonly data: unknown;
  /**
   * Line and column (from 1) of a property's value, or with `key` of its key; for a missing property, of its nearest existing
   * parent. The first call reads the text once more and counts its lines: valid files, of which a fleet has thousands, pay for neither.
   */
  at(path: Path, what: "key" | "value"): { line: number; column: number };
  /** A problem at a property. */
  problem(path: Path, message: string, fix: string, what?: "key" | "value"): Problem;
}

/** Plain decimal: every YAML parser, old or new, reads it as the same number. */
const plainNumber = /^(?!-0(?:\.0+)?$)-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Whether a number would be another one once it is read: a double keeps 15 digits of any. */
function tooExact(value: number, source: string): boolean {
  const digits = source.replace(/^-?0*\.?0*/, "").replace(".", "").length;
  return Number.isFinite(value) && plainNumber.test(source) && digits > 15 && !Number.isSafeInteger(value);
}

/** Reads YAML 1.2 (core schema) and refuses constructs that YAML parsers read differently. */
export function readSource(file: string, given: string): { source: Source; problems: Problem[] } {
  // Not part of the text, wherever that comes from (RFC 3629, section 6).
  const text = given.replace(/^\uFEFF/, "");
  const refused = oddCharacter(text) ?? tooMuchYaml(text);
  const read = () => parse(refused ? "" : text);
  const document = read();
  const problems: Problem[] = [];
  const lines = lineCounter(text);
  const add = (offset: number, path: Path, message: string, fix: string): void => {
    const { line, col } = lines().linePos(offset);
    if (problems.length > mostProblems) return;
    const place = { line: Math.max(line, 1), column: Math.max(col, 1) };
    const isLast = problems.length === mostProblems;
    problems.push(isLast ? tooMany(file) : { file, ...place, path: path.join("."), message, fix });
  };

  const conflict = mergeConflict(text);
  const stopped = conflict ?? refused;
  let broken = stopped !== undefined;
  if (stopped) add(stopped.offset, [], stopped.message, stopped.fix);
  for (const error of document.errors) {
    // All that follows from the markers is no mistake of its own.
    if (broken) break;
    const [offset] = error.pos;
    broken = true;
    if (error.code === "MULTIPLE_DOCS") {
      const fix = "write one document per file, without a --- line in between";
      add(offset, [], "the file holds several YAML documents", fix);
    } else if (error.message.includes("call stack")) {
      add(0, [], tooDeep, flatten);
    } else {
      const reason = error.message.split("\n")[0];
      add(offset, [], `not valid YAML: ${reason}`, syntaxFixes[error.code] ?? syntaxFix);
    }
    // Further syntax errors are mostly consequences of the first.
    break;
  }
  if (!broken && document.directives?.yaml.explicit) {
    add(0, [], "%YAML directives are not allowed", "remove the %YAML line: files are read as YAML 1.2");
    broken = true;
  }
  if (!broken && (document.contents === null || (isScalar(document.contents) && document.contents.value === null))) {
    add(0, [], "the file is empty", "write the entry into it, or delete the file");
    broken = true;
  }
  if (!broken) broken = refuseAmbiguity(document, add) || problems.length > mostProblems;

  // The document takes fifty times the memory of its text, so it is not kept.
  const again = lazy(read);
  const source: Source = {
    file,
    data: broken ? undefined : (document.toJS() as unknown),
    at: (path, what) => {
      const { line, col } = lines().linePos(offsetOf(again(), path, what));
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    },
    problem: (path, message, fix, what = "value") => ({
      file,
      ...source.at(path, what),
      path: path.join("."),
      message,
      fix,
    }),
  };
  return { source, problems };
}

/** A file that is a list in a format of its own: its items, and the line of each. */
export function listSource(
  file: string,
  { data, lines }: { readonly data: readonly unknown[]; readonly lines: readonly number[] },
): Source {
  const at: Source["at"] = ([index]) => ({
    line: (typeof index === "number" ? lines[index] : undefined) ?? 1,
    column: 1,
  });
  return {
    file,
    data,
    at,
    problem: (path, message, fix) => ({ file, ...at(path, "value"), path: path.join("."), message, fix }),
  };
}

/** Created once, because it costs a tenth of reading a small file. */
const schema = new Schema({ schema: "core", resolveKnownTags: true });

function parse(text: string): Document.Parsed {
  // The library compares each key with each before it; `refuseAmbiguity` looks for keys that are given twice.
  return parseDocument(text, { prettyErrors: false, version: "1.2", schema, uniqueKeys: false, logLevel: "error" });
}

const syntaxFix = "check indentation, quotes and brackets here and on the line before";
const syntaxFixes: Readonly<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: `${syntaxFix}; text that ends in a colon, such as "2a00:b6e0::", needs quotes`,
  TAB_AS_INDENT: "indent with spaces",
};

/** Reports aliases, tags, unusual or repeated keys and numbers that are not plain decimal. Returns whether the data must not be used. */
function refuseAmbiguity(
  document: Document.Parsed,
  tell: (offset: number, path: Path, message: string, fix: string) => void,
): boolean {
  let broken = false;
  let told = 0;
  const add: typeof tell = (...problem) => {
    told++;
    tell(...problem);
  };
  let aliased = false;
  visit(document, {
    Alias(_, node, parents) {
      // Once per file: a bomb of aliases has thousands.
      if (!aliased) {
        const fix = "write the value itself in each place";
        add(
          node.range?.[0] ?? 0,
          pathOf([...parents, node]),
          `YAML aliases such as *${node.source} are not allowed`,
          fix,
        );
      }
      aliased = true;
      broken = true;
    },
    Node(_, node, parents) {
      const offset = node.range?.[0] ?? 0;
      const path = (): Path => pathOf([...parents, node]);
      if (told > mostProblems) return visit.BREAK;
      if (isMap(node))
        for (const key of repeatedKeys(node))
          add(key.at, [], `the key ${shown(key.name)} is given twice`, "keep one of the two");
      if (parents.length > 2 * maxDepth) {
        add(0, [], tooDeep, flatten);
        broken = true;
        return visit.BREAK;
      }
      if (node.tag !== undefined) {
        const tag = node.tag.replace("tag:yaml.org,2002:", "!!");
        add(offset, path(), `YAML tags such as ${tag} are not allowed`, "remove the tag and write the plain value");
        broken = true;
      }
      if (isScalar(node) && typeof node.value === "number" && tooExact(node.value, node.source ?? "")) {
        const fix = "write fewer digits, or put it in quotes if you mean text";
        add(offset, path(), `got ${node.source}, which has more digits than are kept of a number`, fix);
      } else if (isScalar(node) && typeof node.value === "number" && !plainNumber.test(node.source ?? "")) {
        const plain = Number.isFinite(node.value) ? `write ${node.value}` : "write a number";
        const fix = `${plain} if you mean the number, or put it in quotes if you mean text`;
        add(offset, path(), `got ${node.source}, which is not a plain decimal number`, fix);
      }
      return undefined;
    },
    Pair(_, pair, parents) {
      const { key } = pair;
      if (isScalar(key) && typeof key.value === "string" && key.value !== "__proto__") return;
      const range = (key as { range?: [number, number, number] } | null)?.range;
      const name = isScalar(key) ? shown(key.value) : "a list or map";
      add(range?.[0] ?? 0, pathOf(parents), `got ${name} as a key`, "write a plain word as the key");
      broken = true;
    },
  });
  return broken;
}

/** Text keys of a map that it has already; each once. */
function repeatedKeys({ items }: YAMLMap): { readonly name: string; readonly at: number }[] {
  const seen = new Set<string>();
  const repeated = new Map<string, number>();
  for (const { key } of items) {
    if (!isScalar(key) || typeof key.value !== "string") continue;
    if (seen.has(key.value) && !repeated.has(key.value)) repeated.set(key.value, rangeStart(key) ?? 0);
    seen.add(key.value);
  }
  return [...repeated].slice(0, mostProblems + 1).map(([name, at]) => ({ name, at }));
}

/** Keys and list positions from a chain of parents as the YAML library gives them: document, map, pair, value, ... */
function pathOf(chain: readonly unknown[]): Path {
  return chain.flatMap((element, index): Path => {
    if (isPair(element)) return isScalar(element.key) ? [String(element.key.value)] : [];
    const parent = chain[index - 1];
    return isSeq(parent) ? [parent.items.indexOf(element)] : [];
  });
}

function offsetOf(document: Document.Parsed, path: Path, what: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const [depth, part] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      if (pair === undefined) break;
      const key = rangeStart(pair.key) ?? offset;
      node = pair.value;
      // A map or list begins on the next line; the line of its key is more helpful.
      const inner = last && what === "value" && isScalar(node) && node.source !== "" ? rangeStart(node) : undefined;
      offset = inner ?? key;
    } else if (isSeq(node) && typeof part === "number") {
      node = node.items[part];
      offset = rangeStart(node) ?? offset;
    } else break;
  }
  return offset;
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0];
}

function lineCounter(text: string): () => LineCounter {
  let counter: LineCounter | undefined;
  return () => {
    if (counter) return counter;
    counter = new LineCounter();
    counter.addNewLine(0);
    for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1))
      counter.addNewLine(index + 1);
    return counter;
  };
}
