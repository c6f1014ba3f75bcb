import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { parse, postprocess, preprocess } from "micromark";
import { gfm } from "micromark-extension-gfm";
import { onceByName } from "../lib/once.ts";

/** A repository as references see it. */
export interface Tree {
  /** Paths of all files, relative to the root, with `/`. */
  readonly files: ReadonlySet<string>;
  /** Names for `npm run`. */
  readonly scripts: ReadonlySet<string>;
  read(file: string): string;
}

/** The checkout: files that git tracks, and new ones that it does not ignore. */
export function checkoutTree(root: string): Tree {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root });
  const files = listed.toString().split("\0");
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  return {
    files: new Set(files.filter((file) => file !== "" && existsSync(join(root, file)))),
    scripts: new Set(Object.keys(scripts)),
    read: (file) => readFileSync(join(root, file), "utf8"),
  };
}

interface Markdown {
  readonly links: readonly string[];
  readonly headings: readonly string[];
  /** Code inside a line of text. */
  readonly code: readonly string[];
}

function readMarkdown(text: string): Markdown {
  const document = preprocess()(text, undefined, true);
  const events = postprocess(
    parse({ extensions: [gfm()] })
      .document()
      .write(document),
  );
  const of = (...types: readonly string[]) =>
    events.flatMap(([phase, token, context]) =>
      phase === "enter" && types.includes(token.type) ? [context.sliceSerialize(token)] : [],
    );
  return {
    links: of("resourceDestinationString", "definitionDestinationString"),
    headings: of("atxHeadingText", "setextHeadingText"),
    code: of("codeTextData"),
  };
}

/** The anchor that GitHub gives a heading. */
export function anchorOf(heading: string): string {
  const shown = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return shown
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, "")
    .replaceAll(" ", "-");
}

/** Anchors of a page; a heading that comes again gets a number. */
const anchorsOf = onceByName((text): ReadonlySet<string> => {
  const seen = new Map<string, number>();
  const anchors = readMarkdown(text).headings.map((heading) => {
    const anchor = anchorOf(heading);
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
  return new Set(anchors);
});

/** Links, paths, `npm run` and `vitest run` commands of a Markdown page that lead nowhere, one sentence each. */
export function deadInMarkdown(tree: Tree, page: string): string[] {
  const text = tree.read(page);
  const { links, code } = readMarkdown(text);
  return [
    ...links.flatMap((link) => deadLink(tree, page, link)),
    ...code.flatMap((words) => words.split(/\s+/).flatMap((word) => deadPath(tree, page, word))),
    ...deadScripts(tree, text),
    ...deadTests(tree, text),
  ].map((found) => `${page}: ${found}`);
}

function deadLink(tree: Tree, page: string, link: string): string[] {
  if (/^[a-z]+:/.test(link)) return [];
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!exists(tree, target)) return [`link to ${link}: no such file`];
  if (anchor === undefined) return [];
  if (!target.endsWith(".md") || !anchorsOf(tree.read(target)).has(anchor)) return [`link to ${link}: no such heading`];
  return [];
}

const sourceFile = /\.(?:ts|sh|md|mjs)$/;

/** Looks like a path of this repository: begins with a directory of it, or ends as a source file does. */
function deadPath(tree: Tree, page: string, word: string): string[] {
  const path = word
    .replace(/^[("']+/, "")
    .replace(/[)"',.:;]+$/, "")
    .replace(/(?::\d+)?(?:#[\w-]+)?$/, "");
  if (!/^[\w.@<*{][\w.@<>*{},/ -]*$/.test(path) || path.includes("://")) return [];
  const ofTree = path.includes("/") && isDirectory(tree, path.split("/")[0]!);
  if (!ofTree && !sourceFile.test(path)) return [];
  const places = path.includes("/") ? [path, posix.join(posix.dirname(page), path)] : [`**/${path}`, path];
  return places.some((place) => exists(tree, place)) ? [] : [`\`${path}\`: no such file`];
}

function deadScripts(tree: Tree, text: string): string[] {
  const names = [...text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map(([, name]) => name!);
  return names.filter((name) => !tree.scripts.has(name)).map((name) => `npm run ${name}: no such script`);
}

/** Words after `vitest run` that are in no test's path, and projects that have no such test: vitest would find nothing to run. */
function deadTests(tree: Tree, text: string): string[] {
  const projectOf = (file: string) => /\.(it|engine|e2e)\.test\.ts$/.exec(file)?.[1] ?? "unit";
  const tests = [...tree.files].filter((file) => file.endsWith(".test.ts"));
  return [...text.matchAll(/\bvitest run ([^`\n#]+)/g)].flatMap(([, words]) => {
    const projects = [...words!.matchAll(/--project (\w+)/g)].map(([, name]) => name!);
    const paths = words!.replaceAll(/--project \w+/g, "").match(/(?<=^|\s)[\w<][\w./<>-]*(?=\s|$)/g) ?? [];
    const fitting = (path: string) => tests.filter((file) => path.includes("<") || file.includes(path));
    const found = paths.flatMap(fitting);
    return [
      ...paths.filter((path) => fitting(path).length === 0),
      ...projects.filter((project) => paths.length > 0 && !found.some((file) => projectOf(file) === project)),
    ].map((word) => `vitest run ${words!.trim()}: no test for ${word}`);
  });
}

/**
 * Source files, pages and decision records named in a module's comments that do not exist; pages and `npm run` commands named
 * anywhere in it, since messages name them.
 */
export function deadInSource(tree: Tree, file: string): string[] {
  const text = tree.read(file);
  const named = commentsOf(text).flatMap((comment) =>
    [...comment.matchAll(/(?<![\w./-])[\w.@-]+(?:\/[\w.@<>*{},-]+)+/g)].flatMap(([word]) => {
      const path = word.replace(/[.,]+$/, "");
      if (/^docs\/decisions\/\d{4}$/.test(path)) return exists(tree, `${path}-*.md`) ? [] : [path];
      if (!sourceFile.test(path)) return [];
      return [path, posix.join(posix.dirname(file), path)].some((place) => exists(tree, place)) ? [] : [path];
    }),
  );
  const pages = [...text.matchAll(/\bdocs\/[\w/-]+\.md/g)].map(([page]) => page);
  const dead = new Set([...named, ...pages.filter((page) => !exists(tree, page))]);
  return [...[...dead].map((path) => `${path}: no such file`), ...deadScripts(tree, text)].map(
    (found) => `${file}: ${found}`,
  );
}

/** Lines of comments: not told from strings that look like one, which is enough for paths. */
function commentsOf(text: string): string[] {
  return text.split("\n").flatMap((line) => /(?:^\s*(?:\/?\*|\/\/)|\s\/\/\s).*/.exec(line)?.[0] ?? []);
}

/** A file or a directory; `*` and `<name>` stand for one name or a part of it, `**` for any number, `{a,b}` for either. */
function exists(tree: Tree, path: string): boolean {
  const plain = path.replace(/\/+$/, "");
  if (tree.files.has(plain) || isDirectory(tree, plain)) return true;
  if (!/[*<{]/.test(plain)) return false;
  const pattern = plain
    .replaceAll(/<[^>]*>/g, "*")
    .replaceAll(/[.+^$()|[\]\\]/g, "\\$&")
    .replaceAll(/\{([^}]*)\}/g, (_, choices: string) => `(?:${choices.replaceAll(",", "|")})`)
    .replaceAll(/\*\*\/|\*/g, (stars) => (stars === "*" ? "[^/]*" : "(?:.*/)?"));
  const expression = new RegExp(`^${pattern}(?:/.*)?$`);
  return [...tree.files].some((file) => expression.test(file));
}

const directories = new WeakMap<Tree, Set<string>>();

function isDirectory(tree: Tree, path: string): boolean {
  const known = directories.get(tree) ?? new Set([...tree.files].flatMap(parents));
  directories.set(tree, known);
  return known.has(path);
}

function parents(file: string): string[] {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
