import { basename } from "node:path";
import { fixtures, kindFiles, kinds, resources } from "./kinds.ts";
import { packages } from "./packages.ts";
import { exportOf, fail, head, importAll, importLine, load, pathFrom, sources, textOf, variableOf } from "./sources.ts";

/**
 * Registries: lists of everything in the folders. They are generated, so that no entry is forgotten, and checked in, because the
 * compiler and esbuild need static imports.
 */

/**
 * Text of every generated module by its path, relative to the checkout.
 * @param each called with each text before the next one is made, which may import it
 */
export async function registries(each?: (file: string, text: string) => unknown): Promise<Map<string, string>> {
  const written: readonly [string, () => string | Promise<string>][] = [
    // Order matters: each reads what the ones before it have written.
    ["components/http/kinds/servers.generated.ts", servers],
    ["components/http/kinds/server-fixtures.generated.ts", serverFixtures],
    ["components/account/entries.generated.ts", entries],
    ["components/registry/kinds.generated.ts", kinds],
    ["components/registry/files.generated.ts", files],
    ["components/registry/resources.generated.ts", resources],
    ["components/registry/bundle/renderers.generated.ts", renderers],
    ["components/registry/bundle/unit-forms.generated.ts", unitForms],
    ["components/registry/bundle/bundle-folders.generated.ts", bundleFolders],
    ["components/network/router-systems/router-systems.generated.ts", routerSystems],
    ["delivery/protocol/packages.generated.ts", packages],
    ["policies/rules.generated.ts", rules],
    ["guard/rules.generated.ts", guardRules],
    ["testing/fixtures/fixtures.generated.ts", fixtures],
  ];
  const texts = new Map<string, string>();
  for (const [file, write] of written) {
    texts.set(file, await write());
    await each?.(file, texts.get(file)!);
  }
  return texts;
}

/** The kinds of HTTP servers, and the unions of their schemas. */
function servers(): string {
  const at = "components/http/kinds/servers.generated.ts";
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

/** An example of each kind of HTTP server, and servers that run, for tests. */
function serverFixtures(): string {
  const at = "components/http/kinds/server-fixtures.generated.ts";
  const files = sources("components/http/kinds/*/*.server.ts").map((file) => file.replace(".server.ts", ".fixture.ts"));
  const names = files.map((file) => variableOf(file, ".fixture.ts"));
  const importOf = (name: string, file: string) =>
    `import { fixture as ${name}Fixture, sample as ${name}Sample } from "${pathFrom(at, file)}";`;
  return `${head}${files.map((file, index) => importOf(names[index]!, file)).join("\n")}
import type { ServerFixture, ServerSample } from "../../../testing/fixtures/kind-fixture.ts";

/** An example of each kind of HTTP server. */
export const serverFixtures: readonly ServerFixture[] = [
${names.map((name) => `  ${name}Fixture,`).join("\n")}
];

/** Servers of each kind that its tests run. */
export const serverSamples: readonly ServerSample[] = [
${names.map((name) => `  ${name}Sample,`).join("\n")}
];
`;
}

/** Kinds that are lists in an account's file: those whose module exports `entries`. */
function entries(): string {
  const at = "components/account/entries.generated.ts";
  const files = sources(kindFiles).filter((file) => /^export const entries\b/m.test(textOf(file)));
  const names = files.map((file) => variableOf(file, ".kind.ts"));
  const keys = files.map((file) => /^ {2}key: "(\w+)"/m.exec(textOf(file))![1]!);
  return `${head}${files.map((file, index) => `import { entries as ${names[index]} } from "${pathFrom(at, file)}";`).join("\n")}

/** Lists that an account's file has of its own things, by their key. */
export const accountEntries = {
${keys.map((key, index) => `  ${key}: ${names[index]},`).join("\n")}
};
`;
}

/** The kinds of files that an inventory has; single files come first. */
function files(): string {
  const at = "components/registry/files.generated.ts";
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
  const at = "components/registry/bundle/renderers.generated.ts";
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

/** What units of accounts may say. */
function unitForms(): string {
  const at = "components/registry/bundle/unit-forms.generated.ts";
  const files = sources("components/**/*.units.ts");
  const names = files.map((file) => variableOf(file, ".units.ts"));
  return `${head}${files.map((file, index) => `import { units as ${names[index]} } from "${pathFrom(at, file)}";`).join("\n")}
import { formsOf } from "./unit-forms.ts";

/** Forms of all unit files of accounts. */
export const unitForms = formsOf([
${names.map((name) => `  ${name},`).join("\n")}
]);
`;
}

/** What routers run, by their makers. */
function routerSystems(): string {
  const at = "components/network/router-systems/router-systems.generated.ts";
  const files = sources("components/network/router-systems/*/*.router-system.ts");
  const names = files.map((file) => variableOf(file, ".router-system.ts"));
  return `${head}import type { RouterSystem } from "./router-system.ts";
${files.map((file, index) => `import { routerSystem as ${names[index]} } from "${pathFrom(at, file)}";`).join("\n")}

/** Every system that Fairhost writes routers' configuration for. */
export const routerSystems: readonly RouterSystem[] = [
${names.map((name) => `  ${name},`).join("\n")}
];
`;
}

async function rules(): Promise<string> {
  const files = sources("components/*/rules/*.ts", "policies/{redundancy,isolation,data}/*.ts");
  const { themes } = await load("components/rule.ts");
  return `${head}${importsAndList("policies/rules.generated.ts", files, "Rule", "../components/rule.ts")}
/** Every rule: by theme, then those that look at one element alone, then by name. All are mandatory. */
export const rules: readonly Rule[] = [
${(await inOrder(files, themes)).map((rule) => `  ${rule},`).join("\n")}
];
`;
}

async function guardRules(): Promise<string> {
  const files = sources("guard/rules/*.ts");
  const { guardThemes } = await load("guard/rule.ts");
  return `${head}${importsAndList("guard/rules.generated.ts", files, "GuardRule", "./rule.ts")}
/** Every guard rule: by theme, then by name. Findings of one level are shown in this order. */
export const guardRules: readonly GuardRule[] = [
${(await inOrder(files, guardThemes)).map((rule) => `  ${rule},`).join("\n")}
];
`;
}

/** What the files of rules export, by theme; what one element shows alone comes before what takes several, then by name. */
async function inOrder(files: readonly string[], themes: unknown): Promise<string[]> {
  const found = await Promise.all(
    files.map(async (file) => {
      const rule = (await load(file))[exportOf(file)] as { name: string; theme: string; scope?: string } | undefined;
      if (rule?.name !== basename(file, ".ts")) throw new Error(`${file} exports no rule of its name`);
      return { file, order: `${(themes as readonly string[]).indexOf(rule.theme)} ${rule.scope ?? ""} ${rule.name}` };
    }),
  );
  return found.sort((left, right) => (left.order < right.order ? -1 : 1)).map(({ file }) => exportOf(file));
}

/** In the order of the concepts: hooks of one kind are run and shown in this order. */
async function bundleFolders(): Promise<string> {
  const files = sources("components/*/*.host.ts", "components/http/kinds/*/*.host.ts");
  for (const file of files) {
    const folder = (await load(file))[exportOf(file)] as { name: string } | undefined;
    if (folder?.name !== basename(file, ".host.ts")) throw new Error(`${file} exports no folder of its name`);
  }
  const from = "components/registry/bundle/bundle-folders.generated.ts";
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
