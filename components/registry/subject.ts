import { UserError } from "../../lib/user-error.ts";
import { unseenIn } from "./fields/schema-walk.ts";
import type { Element, Key, KindName } from "./kind.ts";
import { type Identities, type KindNames, kinds } from "./kinds.generated.ts";

/** The element of a violation, a finding or a change; its file and line are found from it. */
export interface Subject {
  readonly kind: KindName;
  /** From the kind's identity: `web1`, `1204/blog`; the kind's name if there is only one. */
  readonly name: string;
  /** Property path inside it, for example `powerSupplies.1.chain`. */
  readonly path?: string;
}

/** The kinds, in the order of the registry. */
export const allKinds = Object.values(kinds);

const unseen = allKinds.flatMap(({ key, inputs }) => unseenIn(inputs).map((what) => `${key}: ${what}`));
if (unseen.length > 0) {
  throw new UserError(
    `Rules cannot see all that these kinds have:\n${unseen.map((what) => `  ${what}`).join("\n")}\nUse the building blocks of components/inputs.ts in their inputs: homePath, command, environment, or text for what is none of these.`,
  );
}

const byName = new Map(allKinds.map((kind) => [kind.name as string, kind]));

/** A kind by its name. */
export function kindNamed(name: string): (typeof allKinds)[number] | undefined {
  return byName.get(name);
}

/** Name of an element in its kind. */
export function elementName<K extends Key>(
  kind: K,
  element: Pick<Element<K>, Identities[K] & keyof Element<K>>,
): string {
  const { identity, name } = kinds[kind];
  if (identity.length === 1) return `${Reflect.get(element, identity[0]!)}`;
  return identity.length === 0 ? name : identity.map((input) => Reflect.get(element, input)).join("/");
}

type SubjectOf<K extends Key> = (element: Pick<Element<K>, Identities[K] & keyof Element<K>>, path?: string) => Subject;

/** Makes subjects, with one function for each kind by its name; `path` is the property path inside the element. */
export const subject = Object.fromEntries(
  allKinds.map(({ key, name }) => [
    name,
    (element: Element, path?: string): Subject => {
      const about = elementName(key, element as never);
      return path === undefined ? { kind: name, name: about } : { kind: name, name: about, path };
    },
  ]),
) as unknown as { readonly [K in Key as KindNames[K]]: SubjectOf<K> };

/** A subject in words, for example `host h1, disks.0.serial`. */
export function nameOf({ kind, name, path }: Subject): string {
  const { called, words, identity } = byName.get(kind)!;
  const inner = path === undefined ? "" : `, ${path}`;
  return identity.length === 0 ? `the ${words[0]}${inner}` : `${called ?? words[0]} ${name}${inner}`;
}

/** A subject as it begins a sentence: `Host h1`, `HTTP server 1204/blog`. */
export function ownerOf(of: Subject): string {
  const name = nameOf(of);
  return name[0]!.toUpperCase() + name.slice(1);
}

/** A declaration of nothing. */
export const nothingDeclared = Object.fromEntries(allKinds.map(({ key }) => [key, []])) as unknown as {
  readonly [K in Key]: readonly Element<K>[];
};
