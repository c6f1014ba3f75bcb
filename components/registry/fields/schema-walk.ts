import { z } from "zod";
import { once } from "../../../lib/once.ts";
import { type Meaning, meaningOf, waivers } from "../../inputs.ts";
import { bare } from "./bare.ts";

/** The object schemas of a schema: one, or those of its branches. */
export function objectsOf(schema: z.ZodType): z.ZodObject[] {
  const found = bare(schema);
  return found instanceof z.ZodObject ? [found] : branchesOf(found).flatMap(objectsOf);
}

/** Schemas that describe the same value: one of them, or all. */
function branchesOf(schema: z.ZodType): readonly z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options as readonly z.ZodType[];
  return schema instanceof z.ZodIntersection ? [schema.def.left as z.ZodType, schema.def.right as z.ZodType] : [];
}

/** Whether elements of a kind may carry waivers. */
export function isWaivable({ inputs }: { readonly inputs: z.ZodType }): boolean {
  return objectsOf(inputs).some(({ shape }) => shape.waivers === waivers);
}

/** Whether elements of a kind stand in racks. */
export function standsInRack({ inputs }: { readonly inputs: z.ZodType }): boolean {
  return hasMember(inputs, "rack");
}

/** Whether elements of a schema may have a member of this name. */
export function hasMember(schema: z.ZodType, name: string): boolean {
  return objectsOf(schema).some(({ shape }) => name in shape);
}

/** A path of a schema: a member's name, a position, or `*` for every item of a list and every value of a record. */
type Steps = readonly string[];

/** A place in a schema that has a meaning, or where the walk ends. */
interface Leaf {
  readonly at: Steps;
  readonly meaning?: Meaning;
  /** What is wrong with a place that has no meaning. */
  readonly problem?: string;
}

const leaves = once((schema: z.ZodType): readonly Leaf[] => [...walk(schema, [])]);

/** Schemas whose values say nothing that a rule has to understand. */
const plain = ["number", "boolean", "literal", "enum", "null", "undefined", "never", "date", "bigint"];

function* walk(schema: z.ZodType, at: Steps): Generator<Leaf> {
  const inner = bare(schema);
  const meaning = meaningOf(schema) ?? meaningOf(inner);
  const cannot = (why: string): Leaf => ({ at, problem: why });
  if (meaning !== undefined) yield { at, meaning };
  else if (inner instanceof z.ZodArray) yield* walk(inner.element as z.ZodType, [...at, "*"]);
  else if (inner instanceof z.ZodRecord) {
    for (const { meaning, problem } of walk(inner.keyType as z.ZodType, at)) {
      if (problem !== undefined || meaning !== "text") yield cannot(`has names of a record: ${problem ?? meaning}`);
    }
    yield* walk(inner.valueType as z.ZodType, [...at, "*"]);
  } else if (inner instanceof z.ZodTuple && inner.def.rest === null) {
    for (const [index, item] of inner.def.items.entries()) yield* walk(item as z.ZodType, [...at, `${index}`]);
  } else if (inner instanceof z.ZodObject && (inner.def.catchall ?? z.never()) instanceof z.ZodNever) {
    for (const [key, member] of Object.entries(inner.shape)) yield* walk(member as z.ZodType, [...at, key]);
  } else if (branchesOf(inner).length > 0) {
    for (const branch of branchesOf(inner)) yield* walk(branch, at);
  } else if (inner.def.type === "string") yield cannot("is text without a meaning");
  else if (!plain.includes(inner.def.type)) yield cannot(`has a schema that no rule can follow (${inner.def.type})`);
}

/**
 * What rules could not see in the values of a schema, a sentence each: a text whose meaning nobody has registered
 * (components/inputs.ts), a form of schema that the walk cannot follow, such as a transformation or any further keys, or a place
 * that has another meaning in another branch of a union.
 */
export function unseenIn(schema: z.ZodType): readonly string[] {
  const unfollowed = leaves(schema).flatMap(({ at, problem }) =>
    problem === undefined ? [] : `${at.join(".")} ${problem}`,
  );
  const meaningsAt = Map.groupBy(
    leaves(schema).filter(({ meaning }) => meaning !== undefined),
    ({ at }) => at.join("."),
  );
  const ambiguous = Array.from(meaningsAt).flatMap(([at, found]) => {
    const [one, other] = new Set(found.map(({ meaning }) => meaning));
    return other === undefined
      ? []
      : `${at} means ${one} in one of its forms and ${other} in another: name one of them otherwise`;
  });
  return [...unfollowed, ...ambiguous];
}

/** Meanings of a schema's values. */
export function meaningsIn(schema: z.ZodType): ReadonlySet<Meaning> {
  return new Set(leaves(schema).flatMap(({ meaning }) => meaning ?? []));
}

/** Whether a schema has values of a meaning at all. */
export function has(schema: z.ZodType, meaning: Meaning): boolean {
  return meaningsIn(schema).has(meaning);
}

/** Places of each meaning, each once: branches of a union can have the same member. */
const placesOf = once((schema: z.ZodType): ReadonlyMap<Meaning, readonly Steps[]> => {
  const places = Map.groupBy(
    leaves(schema).filter(({ meaning }) => meaning !== undefined),
    ({ meaning }) => meaning!,
  );
  return new Map(
    Array.from(places, ([meaning, found]) => [
      meaning,
      [...new Map(found.map(({ at }) => [at.join("."), at])).values()],
    ]),
  );
});

/** Members of a schema's objects that may hold values of a meaning; `*` if each may. */
export function membersWith(schema: z.ZodType, meaning: Meaning): readonly string[] {
  return [
    ...new Set(
      placesOf(schema)
        .get(meaning)
        ?.map(([member = "*"]) => member),
    ),
  ];
}

/** Whether a member of a schema's objects may hold values of one of these meanings. @param meanings the same list each time */
export function mayMean(schema: z.ZodType, meanings: readonly Meaning[], member: string): boolean {
  const members = membersThatMean(meanings)(schema);
  return members.has(member) || members.has("*");
}

const membersThatMean = once((meanings: readonly Meaning[]) =>
  once((schema: z.ZodType): ReadonlySet<string> => {
    const found = leaves(schema).filter(({ meaning }) => meaning !== undefined && meanings.includes(meaning));
    return new Set(found.flatMap(({ at }) => at[0] ?? []));
  }),
);

interface Value {
  readonly path: string;
  readonly value: unknown;
}

/** The values of a meaning in data of a schema, each with its path: `root`, `jobs.1.command`. */
export function valuesOf(schema: z.ZodType, data: unknown, meaning: Meaning): readonly Value[] {
  const places = placesOf(schema).get(meaning);
  if (places === undefined) return [];
  const found: Value[] = [];
  for (const steps of places) follow(found, data, steps, 0, "");
  if (places.length === 1) return found;
  // `*` of one branch of a union may be a name of another.
  const seen = new Set<string>();
  return found.filter(({ path }) => !seen.has(path) && seen.add(path));
}

function follow(found: Value[], data: unknown, steps: Steps, index: number, path: string): void {
  if (data === undefined || data === null) return;
  const step = steps[index];
  if (step === undefined) found.push({ path, value: data });
  else if (typeof data !== "object") return;
  else if (step !== "*") follow(found, Reflect.get(data, step), steps, index + 1, inside(path, step));
  else for (const [key, item] of Object.entries(data)) follow(found, item, steps, index + 1, inside(path, key));
}

function inside(path: string, step: string): string {
  return path === "" ? step : `${path}.${step}`;
}
