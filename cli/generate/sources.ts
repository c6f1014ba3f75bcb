import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { checkout } from "../../toolchain/paths.ts";

/** First line of every generated module. */
export const head = "// Written by `npm run generate` from the files beside it. Do not edit.\n";

/** Source files that match, sorted, relative to the checkout. */
export function sources(...patterns: readonly string[]): string[] {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: checkout }));
  return files.filter((file) => !file.endsWith(".test.ts")).sort();
}

/** `two-disks.ts` exports `twoDisks`, `nginx.host.ts` exports `nginx`. */
export function exportOf(file: string): string {
  return basename(file, ".ts")
    .replace(/\.host$/, "")
    .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function importLine(from: string, file: string): string {
  const path = relative(dirname(from), file);
  return `import { ${exportOf(file)} } from "${path.startsWith(".") ? path : `./${path}`}";`;
}

export async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(join(checkout, file)).href)) as Record<string, unknown>;
}

/** `http-server.kind.ts` is called `httpServer` where it is imported as a whole. */
export function variableOf(file: string, suffix: string): string {
  const word = basename(file, suffix).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return word === "switch" ? "switchKind" : word;
}

/** `http-server.kind.ts` is about the class `HttpServer` in `http-server.ts`. */
export function classOf(file: string): string {
  return basename(file, ".kind.ts").replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}

export function importAll(from: string, file: string, name: string): string {
  return `import * as ${name} from "${pathFrom(from, file)}";`;
}

export function pathFrom(from: string, file: string): string {
  const path = relative(dirname(from), file);
  return path.startsWith(".") ? path : `./${path}`;
}

export function textOf(file: string): string {
  return readFileSync(join(checkout, file), "utf8");
}

export function fail(message: string): never {
  throw new Error(message);
}
