import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { checkout } from "../../toolchain/paths.ts";

/**
 * Registries: lists of everything in the folders. They are generated, so that no entry is forgotten, and checked in, because the
 * compiler and esbuild need static imports.
 */

const head = "// Written by `npm run generate` from the files beside it. Do not edit.\n";

/**
 * Text of every generated module by its path, relative to the checkout.
 * @param each called with each text before the next one is made, which may import it
 */
export async function registries(each?: (file: string, text: string) => unknown): Promise<Map<string, string>> {
  const written: readonly [string, () => string | Promise<string>][] = [
    // Order matters: each reads what the ones before it have written.
    ["components/http/servers.generated.ts", servers],
    ["components/account/entries.generated.ts", entries],
    ["components/kinds.generated.ts", kinds],
    ["components/files.generated.ts", files],
    ["components/resources.generated.ts", resources],
    ["components/renderers.generated.ts", renderers],
    ["components/bundle-folders.generated.ts", bundleFolders],
    ["policies/rules.generated.ts", rules],
    ["testing/fixtures.generated.ts", fixtures],
  ];
  const texts = new Map<string, string>();
  for (const [file, write] of written) {
    texts.set(file, await write());
    await each?.(file, texts.get(file)!);
  }
  return texts;
}

/** Source files that match, sorted, relative to the checkout. */
function sources(...patterns: readonly string[]): string[] {
  const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: checkout }));
  return files.filter((file) => !file.endsWith(".test.ts")).sort();
}

/** `two-disks.ts` exports `twoDisks`, `nginx.host.ts` exports `nginx`. */
function exportOf(file: string): string {
  return basename(file, ".ts")
    .replace(/\.host$/, "")
    .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function importLine(from: string, file: string): string {
  const path = relative(dirname(from), file);
  return `import { ${exportOf(file)} } from "${path.startsWith(".") ? path : `./${path}`}";`;
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(join(checkout, file)).href)) as Record<string, unknown>;
}

/** `http-server.kind.ts` is imported as `httpServer`. */
function variableOf(file: string, suffix: string): string {
  const word = basename(file, suffix).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return word === "switch" ? "switchKind" : word;
}

/** `http-server.kind.ts` is about the class `HttpServer` in `http-server.ts`. */
function classOf(file: string): string {
  return basename(file, ".kind.ts").replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}

function importAll(from: string, file: string, name: string): string {
  return `import * as ${name} from "${pathFrom(from, file)}";`;
}

function pathFrom(from: string, file: string): string {
  const path = relative(dirname(from), file);
  return path.startsWith(".") ? path : `./${path}`;
}

/** The kinds of HTTP servers, and the unions of their schemas. */
function servers(): string {
  const at = "components/http/servers.generated.ts";
  const files = sources("components/http/kinds/*/*.server.ts");
  const names = files.map((file) => variableOf(file, ".server.ts"));
  const union = (own: string, common: string) =>
    names.map((name) => `  z.strictObject({ ...${common}, ...${name}Server.${own} }),`).join("\n");
  return `${head}import { z } from "zod";
${files.map((file, index) => importAll(at, file, `${names[index]}Server`)).join("\n")}
import { commonEntry, commonInputs } from "./server.ts";

/** Branches of an HTTP server's entry in its account's file. */
export const serverEntries = [
${union("entry", "commonEntry")}
] as const;

/** Branches of an HTTP server's inputs. */
export const serverInputs = [
${union("inputs", "commonInputs")}
] as const;

/** The kinds by their names. */
export const servers = {
${names.map((name) => `  ${name}: ${name}Server.server,`).join("\n")}
} as const;
`;
}

/** Kinds that are lists in an account's file: those whose module exports `entries`. */
function entries(): string {
  const at = "components/account/entries.generated.ts";
  const files = sources("components/*/*.kind.ts").filter((file) => /^export const entries\b/m.test(textOf(file)));
  const names = files.map((file) => variableOf(file, ".kind.ts"));
  const keys = files.map((file) => /^ {2}key: "(\w+)"/m.exec(textOf(file))![1]!);
  return `${head}${files.map((file, index) => `import { entries as ${names[index]} } from "${pathFrom(at, file)}";`).join("\n")}

/** Lists that an account's file has of its own things, by their key. */
export const accountEntries = {
${keys.map((key, index) => `  ${key}: ${names[index]},`).join("\n")}
};
`;
}

function textOf(file: string): string {
  return readFileSync(join(checkout, file), "utf8");
}

/** Facts that are read from a kind's module as text, because importing it needs the registry that is being written. */
interface KindText {
  readonly file: string;
  readonly variable: string;
  readonly className: string;
  readonly key: string;
  readonly name: string;
  readonly identity: readonly string[];
  readonly parents: readonly string[];
}

function kindTexts(): KindText[] {
  const texts = sources("components/*/*.kind.ts").map((file): KindText => {
    const text = textOf(file);
    const one = (pattern: RegExp, what: string): string => {
      const found = pattern.exec(text)?.[1];
      if (found === undefined) throw new Error(`${file}: no line says its ${what}`);
      return found;
    };
    const parent = /^ {2}parent: (.*)$/m.exec(text)?.[1] ?? "";
    return {
      file,
      variable: variableOf(file, ".kind.ts"),
      className: classOf(file),
      key: one(/^ {2}key: "(\w+)",$/m, "key"),
      name: one(/^ {2}name: "(\w+)",$/m, "name"),
      identity: [...one(/^ {2}identity: \[(.*)\],$/m, "identity").matchAll(/"(\w+)"/g)].map(([, input]) => input!),
      parents: [...parent.matchAll(/\["(\w+)"/g)].map(([, name]) => name!),
    };
  });
  const byName = new Map(texts.map((each) => [each.name, each]));
  const depth = ({ parents }: KindText): number =>
    Math.max(0, ...parents.map((name) => 1 + depth(byName.get(name) ?? fail(`no kind is called ${name}`))));
  return texts.sort((left, right) => depth(left) - depth(right) || (left.key < right.key ? -1 : 1));
}

function fail(message: string): never {
  throw new Error(message);
}

/** The registry of kinds: parents before their children, then by key. */
function kinds(): string {
  const at = "components/kinds.generated.ts";
  const all = kindTexts();
  const by = (left: KindText, right: KindText) => (left.file < right.file ? -1 : 1);
  const names = (list: readonly string[]) =>
    list.length === 0 ? "never" : list.map((name) => `"${name}"`).join(" | ");
  return `${head}import type { z } from "zod";
import type { Immutable, Kind } from "./kind.ts";
${all
  .toSorted(by)
  .map(({ file, variable }) => importAll(at, file, variable))
  .join("\n")}

${all.map(({ className, variable }) => `export type ${className}Inputs = Immutable<z.output<typeof ${variable}.inputs>>;`).join("\n")}

/**
 * What the program declares, as plain data: the inputs of every component. The stack is built from it, the rules judge
 * it, the host bundles are rendered from it. Nothing in it is secret or unknown, so policies can always read it.
 */
export interface Declaration {
${all.map(({ key, className }) => `  readonly ${key}: readonly ${className}Inputs[];`).join("\n")}
}

/** What one of each kind is called. */
export interface KindNames {
${all.map(({ key, name }) => `  readonly ${key}: "${name}";`).join("\n")}
}

/** The inputs that name one among its kind. */
export interface Identities {
${all.map(({ key, identity }) => `  readonly ${key}: ${names(identity)};`).join("\n")}
}

/** Every kind there is. */
export const kinds: { readonly [K in keyof Declaration]: Kind<K> } = {
${all.map(({ key, variable }) => `  ${key}: ${variable}.kind,`).join("\n")}
};
`;
}

/** The component of each kind. A separate module, so that programs without an engine need not load the SDK. */
function resources(): string {
  const at = "components/resources.generated.ts";
  const all = kindTexts();
  return `${head}${all
    .toSorted((left, right) => (left.file < right.file ? -1 : 1))
    .map(({ file, className }) => `import { ${className} } from "${pathFrom(at, file.replace(".kind.ts", ".ts"))}";`)
    .join("\n")}

/** The component of each kind. */
export const resources = {
${all.map(({ key, className }) => `  ${key}: ${className},`).join("\n")}
} as const;
`;
}

/** The kinds of files that an inventory has; single files come first. */
function files(): string {
  const at = "components/files.generated.ts";
  const found = sources("components/*/*.file.ts").map((file) => {
    const [, key] = /^ {2}key: "(\w+)",$/m.exec(textOf(file)) ?? fail(`${file}: no line says its key`);
    const [, path] = /^ {2}path: "([^"]+)",$/m.exec(textOf(file)) ?? fail(`${file}: no line says its path`);
    return { file, variable: variableOf(file, ".file.ts"), key: key!, isFolder: path!.endsWith("/") };
  });
  const ordered = found.toSorted(
    (left, right) => Number(left.isFolder) - Number(right.isFolder) || (left.key < right.key ? -1 : 1),
  );
  const folders = ordered.filter(({ isFolder }) => isFolder).map(({ key }) => `"${key}"`);
  return `${head}import type { z } from "zod";
${found.map(({ file, variable }) => importAll(at, file, variable)).join("\n")}
import type { Immutable } from "./kind.ts";

/** A whole inventory as plain data: schema-checked, references resolved, sorted by name or number. */
export interface Fleet {
${ordered
  .map(({ key, variable, isFolder }) => {
    const type = `Immutable<z.output<typeof ${variable}.schema>>`;
    return `  readonly ${key}: ${isFolder ? `readonly ${type}[]` : type};`;
  })
  .join("\n")}
}

export type FileKey = keyof Fleet;
/** Those that are a folder with one file for each. */
export type FolderKey = ${folders.join(" | ")};

/** Every kind of file. */
export const fileKinds = {
${ordered.map(({ key, variable }) => `  ${key}: ${variable}.file,`).join("\n")}
} as const;
`;
}

/** What kinds have on hosts. */
function renderers(): string {
  const at = "components/renderers.generated.ts";
  const files = sources("components/*/render-*.ts").filter((file) => /^export const renderer\b/m.test(textOf(file)));
  const names = files.map((file) => `${variableOf(file, ".ts")}`);
  return `${head}${files.map((file, index) => `import { renderer as ${names[index]} } from "${pathFrom(at, file)}";`).join("\n")}
import type { Renderer } from "./renderer.ts";

/** Everything that a host's bundle is made of. */
export const renderers: readonly Renderer[] = [
${names.map((name) => `  ${name},`).join("\n")}
];
`;
}

/** A valid element of each kind, for tests. */
function fixtures(): string {
  const at = "testing/fixtures.generated.ts";
  const all = kindTexts();
  return `${head}${all
    .toSorted((left, right) => (left.file < right.file ? -1 : 1))
    .map(({ file, variable }) => {
      const fixture = file.replace(".kind.ts", ".fixture.ts");
      return `import { fixture as ${variable} } from "${pathFrom(at, fixture)}";`;
    })
    .join("\n")}
import type { Fixture } from "./kind-fixture.ts";
import type { Key } from "../components/kind.ts";

/** The fixture of each kind. */
export const fixtures: { readonly [K in Key]: Fixture<K> } = {
${all.map(({ key, variable }) => `  ${key}: ${variable},`).join("\n")}
};
`;
}

/** Rules by theme; rules about one element come before rules about several, then by name. */
async function rules(): Promise<string> {
  const files = sources("components/*/rules/*.ts", "policies/{redundancy,isolation,data}/*.ts");
  const { themes } = (await load("components/rule.ts")) as { themes: readonly string[] };
  const found = await Promise.all(
    files.map(async (file) => {
      const rule = (await load(file))[exportOf(file)] as { name: string; theme: string; scope: string } | undefined;
      if (rule?.name !== basename(file, ".ts")) throw new Error(`${file} exports no rule of its name`);
      return { file, rule, order: `${themes.indexOf(rule.theme)} ${rule.scope} ${rule.name}` };
    }),
  );
  const ordered = found.sort((left, right) => (left.order < right.order ? -1 : 1));
  return `${head}${importsAndList("policies/rules.generated.ts", files, "Rule", "../components/rule.ts")}
/** Every rule: by theme, then those that look at one element alone, then by name. All are mandatory. */
export const rules: readonly Rule[] = [
${ordered.map(({ file }) => `  ${exportOf(file)},`).join("\n")}
];
`;
}

/** In the order of the concepts: hooks of one kind are run and shown in this order. */
async function bundleFolders(): Promise<string> {
  const files = sources("components/*/*.host.ts");
  for (const file of files) {
    const folder = (await load(file))[exportOf(file)] as { name: string } | undefined;
    if (folder?.name !== basename(file, ".host.ts")) throw new Error(`${file} exports no folder of its name`);
  }
  const from = "components/bundle-folders.generated.ts";
  return `${head}${importsAndList(from, files, "BundleFolder, NamesIn", "./bundle-folder.ts")}
const registered = [
${files.map((file) => `  ${exportOf(file)},`).join("\n")}
] as const satisfies readonly BundleFolder[];

export type Names = NamesIn<(typeof registered)[number]>;

/** Every folder of a host's generation. A path in any other is refused by the applier and needs an approval. */
export const bundleFolders: readonly BundleFolder<Names>[] = registered;
`;
}

/** Sorted by path, as Biome wants them. */
function importsAndList(from: string, files: readonly string[], type: string, typeFrom: string): string {
  const lines = [...files.map((file) => importLine(from, file)), `import type { ${type} } from "${typeFrom}";`];
  const pathOf = (line: string) => line.slice(line.indexOf('"'));
  return [...lines.sort((left, right) => (pathOf(left) < pathOf(right) ? -1 : 1)), ""].join("\n");
}
