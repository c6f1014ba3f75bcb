import { globSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { checkout } from "../../toolchain/paths.ts";

/**
 * The lists of what there is, written from what lies in the folders: nobody keeps them by hand, so nothing is left out of one.
 * They are checked in, since imports have to be static for the compiler and for esbuild.
 */

const head = "// Written by `npm run generate` from the files beside it. Do not edit.\n";

/** Text of every generated module by its path, relative to the checkout. */
export async function registries(): Promise<Map<string, string>> {
  return new Map([
    ["policies/rules.generated.ts", await rules()],
    ["components/bundle-folders.generated.ts", await bundleFolders()],
  ]);
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

/** Rules by theme; what one element shows alone comes before what takes several, then by name. */
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

/** In the order of the concepts: hooks of one kind are run, and told, in it. */
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
