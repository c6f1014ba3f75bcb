import ts from "typescript";
import { classOf, fail, head, importAll, pathFrom, sources, textOf, variableOf } from "./sources.ts";

/** Modules of kinds: in a concept's folder, or in a room of it. */
export const kindFiles = "components/*/{,*/}*.kind.ts";

/** What is read of a kind's module as source, since importing it needs the registry that is being written. */
interface KindText {
  readonly file: string;
  readonly variable: string;
  readonly className: string;
  readonly key: string;
  readonly name: string;
  readonly identity: readonly string[];
  readonly parents: readonly string[];
}

/** The properties of the object that a module exports as its `kind`, as they stand in its source; of a method the method itself. */
function propertiesOf(file: string, text: string): ReadonlyMap<string, ts.Node> {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  for (const statement of source.statements.filter(ts.isVariableStatement))
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || name.text !== "kind") continue;
      const [object] = initializer === undefined ? [] : nodesIn(initializer, ts.isObjectLiteralExpression);
      return new Map(
        object?.properties.flatMap((each) =>
          each.name === undefined
            ? []
            : [[(each.name as ts.Identifier).text, ts.isPropertyAssignment(each) ? each.initializer : each] as const],
        ),
      );
    }
  return fail(`${file}: it exports no kind`);
}

/** A node and all below it that are of one sort, from the outside in. */
function nodesIn<Node extends ts.Node>(from: ts.Node | undefined, is: (node: ts.Node) => node is Node): Node[] {
  if (from === undefined) return [];
  const below: ts.Node[] = [];
  ts.forEachChild(from, (child) => void below.push(child));
  return [...(is(from) ? [from] : []), ...below.flatMap((child) => nodesIn(child, is))];
}

const stringsIn = (from: ts.Node | undefined) => nodesIn(from, ts.isStringLiteral).map(({ text }) => text);
const arraysIn = (from: ts.Node | undefined) => nodesIn(from, ts.isArrayLiteralExpression);

/** @throws if something is written in a way that is not understood: a kind without its parent would stand before it */
export function kindText(file: string, text: string): KindText {
  const of = propertiesOf(file, text);
  // Each answer of the function is an array that begins with the name of the parent's kind.
  const parents = arraysIn(of.get("parent")).flatMap(({ elements: [first] }) => stringsIn(first));
  if (of.has("parent") && parents.length === 0) fail(`${file}: its parent is no function with ["<kind>", ...] in it`);
  return {
    file,
    variable: variableOf(file, ".kind.ts"),
    className: classOf(file),
    key: stringsIn(of.get("key"))[0] ?? fail(`${file}: its kind has no key`),
    name: stringsIn(of.get("name"))[0] ?? fail(`${file}: its kind has no name`),
    identity: stringsIn(of.get("identity") ?? fail(`${file}: its kind has no identity`)),
    parents,
  };
}

function kindTexts(): KindText[] {
  const texts = sources(kindFiles).map((file) => kindText(file, textOf(file)));
  const byName = new Map(texts.map((each) => [each.name, each]));
  const depth = ({ parents }: KindText): number =>
    Math.max(0, ...parents.map((name) => 1 + depth(byName.get(name) ?? fail(`no kind is called ${name}`))));
  return texts.sort((left, right) => depth(left) - depth(right) || (left.key < right.key ? -1 : 1));
}

/** The registry of kinds: parents before what lies under them, then by key. */
export function kinds(): string {
  const at = "components/registry/kinds.generated.ts";
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

/** The component of each kind. A module apart: what has no engine need not load the SDK. */
export function resources(): string {
  const at = "components/registry/resources.generated.ts";
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

/** A valid element of each kind, for tests. */
export function fixtures(): string {
  const at = "testing/fixtures/fixtures.generated.ts";
  const all = kindTexts();
  return `${head}${all
    .toSorted((left, right) => (left.file < right.file ? -1 : 1))
    .map(({ file, variable }) => {
      const fixture = file.replace(".kind.ts", ".fixture.ts");
      return `import { fixture as ${variable} } from "${pathFrom(at, fixture)}";`;
    })
    .join("\n")}
import type { Fixture } from "./kind-fixture.ts";
import type { Key } from "../../components/registry/kind.ts";

/** The fixture of each kind. */
export const fixtures: { readonly [K in Key]: Fixture<K> } = {
${all.map(({ key, variable }) => `  ${key}: ${variable},`).join("\n")}
};
`;
}
