import { z } from "zod";
import { accountEntries } from "../components/account/entries.generated.ts";
import { type Meaning, meaningsOfAccounts } from "../components/inputs.ts";
import type { Change } from "../components/registry/change.ts";
import { describeChange, describing } from "../components/registry/describe.ts";
import { bare } from "../components/registry/fields/bare.ts";
import { has, isWaivable, meaningsIn, objectsOf } from "../components/registry/fields/schema-walk.ts";
import {
  type Element,
  type Files,
  inNoFile,
  type Key,
  type Kind,
  type LooseFiles,
} from "../components/registry/kind.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { canonicalJson } from "../delivery/protocol/digest.ts";
import { rowsOf } from "../fleet/reference/reference.ts";
import { changesBetween, keys } from "../guard/change/diff.ts";

/** What a kind is checked in. */
export interface KindWorld {
  /** Every other kind, in the order of the registry; the kind itself stands at `position`. */
  readonly others: readonly Kind[];
  readonly position: number;
  /** What the fixtures have. */
  readonly valid: Declaration;
  /** Kinds that some rule reads. */
  readonly judged: ReadonlySet<Key>;
  /** Text of the generated reference. */
  readonly reference: string;
  /** Schemas of the lists in an account's file. */
  readonly entries: Readonly<Partial<Record<string, z.ZodType>>>;
  /** Inventories that are sound. */
  readonly fleets: readonly { readonly declaration: Declaration; readonly files: Files; readonly loose: LooseFiles }[];
}

/** @returns what is missing or wrong, a sentence each; nothing if the kind is whole */
export type KindCheck = (kind: Kind, world: KindWorld) => readonly string[];

/** What every kind must have. Each is tried on kinds that lack it (components/kinds.test.ts). */
export const kindChecks: Readonly<Record<string, KindCheck>> = {
  "a fixture that its inputs accept, each of its own name"(kind, { valid }) {
    const elements = elementsOf(kind, valid);
    const refused = elements.filter((element) => {
      const { data } = kind.inputs.safeParse(element);
      return data === undefined || canonicalJson(data) !== canonicalJson(element);
    });
    return [
      ...(elements.length === 0 ? ["has no fixture"] : []),
      ...refused.map((element) => `refuses its fixture ${nameIn(kind, element)}`),
      ...repeated(elements.map((element) => nameIn(kind, element))).map((name) => `has two ${name}`),
      ...repeated(elements.map((element) => kind.resourceName(element))).map((name) => `has two resources ${name}`),
    ];
  },

  "a sentence for what is added, removed or changed, that names it"(kind, { valid }) {
    // What follows from something else is told with that; what concerns nobody need not be told.
    if (kind.deletion === "follows" || kind.concerns === "nobody") return [];
    const [element] = elementsOf(kind, valid);
    if (element === undefined) return [];
    const rest = elementsOf(kind, valid).slice(1);
    const without = { ...valid, [kind.key]: rest };
    const changed = Object.entries(element).flatMap(([input, value]): [string, Declaration][] => {
      const next = another(value);
      const isIdentity = (kind.identity as readonly string[]).includes(input);
      return next === undefined || isIdentity
        ? []
        : [[`a change of ${input}`, { ...valid, [kind.key]: [{ ...element, [input]: next }, ...rest] }]];
    });
    const names = kind.identity.map((input) => String(Reflect.get(element, input)));
    return [
      ["an addition", without, valid] as const,
      ["a deletion", valid, without] as const,
      ...changed.map(([what, after]) => [what, valid, after] as const),
    ].flatMap(([what, before, after]) => {
      const sentences = told(kind, before, after);
      if (sentences.length === 0) return [`says nothing of ${what}`];
      return sentences.some((sentence) => names.every((name) => sentence.includes(name)))
        ? []
        : [`does not name it in what it says of ${what}: ${sentences.join(" ")}`];
    });
  },

  "a rule that reads it": ({ key }, { judged }) => (judged.has(key) ? [] : ["is read by no rule"]),

  "a section in the reference, every input described"({ words, type, description, inputs }, { reference }) {
    const rows = rowsOf(z.toJSONSchema(inputs)).filter((row) => row.description === "");
    return [
      ...(reference.includes(`\n## ${words[0]}\n\n${description}\n\n- Type: \`${type}\`.`) ? [] : ["has no section"]),
      ...(/^[A-Z].+\.$/.test(description) ? [] : ["is not described in a full sentence"]),
      ...rows.map((row) => `does not describe ${row.key}`),
    ];
  },

  "whom it concerns"(kind) {
    const lives = meaningsOfAccounts.filter((meaning) => has(kind.inputs, meaning));
    return [
      ...((kind.concerns === "host") === (kind.hostOf !== undefined)
        ? []
        : ["concerns a host, or names one, not both"]),
      ...(kind.accountOf && !kind.hostOf ? ["belongs to an account, but to no host"] : []),
      ...(lives.length > 0 && !kind.accountOf ? [`has a ${lives.join(", ")}, but belongs to no account`] : []),
      ...(kind.retired === "tombstones.yaml" && String(kind.identity) !== "number" ? ["has no number to be kept"] : []),
      ...(kind.wokenBy !== undefined && !kind.accountOf ? ["is woken, but belongs to no account"] : []),
    ];
  },

  "in its inputs the meanings that its entries in an account's file have"(kind, { entries }) {
    const list = entries[kind.key];
    if (list === undefined) return [];
    return [...membersOf(elementsIn(list))].flatMap(([key, schemas]) => {
      const own = new Set((membersOf(kind.inputs).get(key) ?? []).flatMap((schema) => [...meaningsIn(schema)]));
      const wanted = new Set(schemas.flatMap((schema) => [...meaningsIn(schema)]));
      const lacks = [...wanted].filter((meaning) => !meansAs(meaning).some((each) => own.has(each)));
      return lacks.map(
        (meaning) => `has ${key} without the meaning ${meansAs(meaning).join(" or ")} (components/inputs.ts)`,
      );
    });
  },

  "a place in a file"(kind, { fleets }) {
    const all = fleets.flatMap(({ declaration, files }) =>
      elementsOf(kind, declaration).map((element) => ({ name: nameIn(kind, element), files })),
    );
    if (all.length === 0) return ["is in no inventory: inventory/lab and inventory/prod need an example"];
    if (kind.place === inNoFile) return [];
    return all.flatMap(({ name, files }) => {
      const place = kind.place(files, name);
      const line = place?.source.at(place.path, "key").line;
      return line !== undefined && line > 0 ? [] : [`has no place for ${name}`];
    });
  },

  "the names that a waiver may give, if it may carry one"(kind, { fleets }) {
    if (!isWaivable(kind)) return [];
    if (kind.names === undefined) return ["may carry a waiver, but has no names"];
    return fleets.flatMap(({ declaration, loose }) => {
      const names = new Set(kind.names!(loose));
      const all = elementsOf(kind, declaration).map((element) => nameIn(kind, element));
      return all.filter((name) => !names.has(name)).map((name) => `does not know the name ${name}`);
    });
  },

  "its own key, names and type": (kind, { others }) =>
    (["key", "name", "type"] as const)
      .filter((part) => others.some((other) => other[part] === kind[part]))
      .map((part) => `has the ${part} of another kind`)
      .concat(others.some(({ words }) => words[0] === kind.words[0]) ? ["is called as another kind is"] : []),

  "parents before it"(kind, { others, position, valid }) {
    const before = new Map(others.slice(0, position).map((other) => [other.name as string, other]));
    return elementsOf(kind, valid).flatMap((element) => {
      const [parent, name] = kind.parent?.(element) ?? [];
      if (parent === undefined) return [];
      const found = before.get(parent);
      if (found === undefined) return [`lies under a ${parent}, which is not before it`];
      const there = elementsOf(found, valid).some((each) => name === undefined || nameIn(found, each) === name);
      return there ? [] : [`lies under ${parent} ${name}, which is not there`];
    });
  },

  "an account of its own list, if it is one": ({ key, accountOf }) =>
    key in accountEntries && accountOf === undefined ? ["is a list of accounts, but belongs to none"] : [],
};

function elementsOf({ key }: Kind, declaration: Declaration): readonly Element[] {
  return (declaration[key] as readonly Element[] | undefined) ?? [];
}

/** By the kind at hand, which may not be the registered one. */
function nameIn({ identity, name }: Kind, element: Element): string {
  return identity.length === 0 ? name : identity.map((input) => Reflect.get(element, input)).join("/");
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, index) => names.indexOf(name) < index);
}

/** Another value of the same type, for what is no list and no object. */
function another(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "string") return `${value}x`;
  return typeof value === "boolean" ? !value : undefined;
}

/** The schema of a list's items. */
function elementsIn(list: z.ZodType): z.ZodType {
  return (bare(list) as z.ZodArray).element as z.ZodType;
}

/** The schemas that a member of a schema can have, by its name. */
function membersOf(schema: z.ZodType): ReadonlyMap<string, readonly z.ZodType[]> {
  const all = objectsOf(schema).flatMap(({ shape }) => Object.entries(shape) as [string, z.ZodType][]);
  return new Map(
    [...Map.groupBy(all, ([name]) => name)].map(([name, found]) => [name, found.map(([, member]) => member)]),
  );
}

/** Meanings in inputs for one in a file of the inventory. */
function meansAs(meaning: Meaning): readonly Meaning[] {
  return meaning === "argument" ? ["command", "environment"] : [meaning];
}

/** What a kind says of what differs in its own elements. */
function told(kind: Kind, before: Declaration, after: Declaration): string[] {
  const changes = changesBetween(before, after);
  const byKind = Object.fromEntries(keys.map((key) => [key, changes.filter((change) => change.kind === key)]));
  const context = describing(before, after, byKind as unknown as Parameters<typeof describing>[2]);
  const own: readonly Change[] = changes.filter((change) => change.kind === kind.key);
  return own.flatMap((change) => describeChange(change, context, kind).map(({ sentence }) => sentence));
}
