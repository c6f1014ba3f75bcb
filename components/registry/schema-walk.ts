import { z } from "zod";
import { type Meaning, meaningOf, waivers } from "../inputs.ts";

/** A schema without defaults and optionals around it. */
export function bare(schema: z.ZodType): z.ZodType {
  let current = schema;
  while (
    current instanceof z.ZodDefault ||
    current instanceof z.ZodPrefault ||
    current instanceof z.ZodOptional ||
    current instanceof z.ZodExactOptional
  )
    current = current.unwrap() as z.ZodType;
  return current;
}

/** The object schemas of a schema: one, or the branches of a union. */
export function objectsOf(schema: z.ZodType): z.ZodObject[] {
  const found = bare(schema);
  if (found instanceof z.ZodObject) return [found];
  return found instanceof z.ZodUnion ? found.options.flatMap((option) => objectsOf(option as z.ZodType)) : [];
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

/** A path of a schema: a member's name, or `*` for every item of a list. */
type Steps = readonly string[];

const found = new WeakMap<z.ZodType, Map<Meaning, readonly Steps[]>>();

/** Paths of a schema at which values of a meaning are; computed once for each schema. */
function stepsTo(schema: z.ZodType, meaning: Meaning): readonly Steps[] {
  const known = found.get(schema) ?? new Map<Meaning, readonly Steps[]>();
  found.set(schema, known);
  const steps = known.get(meaning) ?? [...walk(schema, meaning, [])];
  known.set(meaning, steps);
  return steps;
}

function* walk(schema: z.ZodType, meaning: Meaning, at: Steps): Generator<Steps> {
  const inner = bare(schema);
  if (meaningOf(inner) === meaning || meaningOf(schema) === meaning) {
    yield at;
    return;
  }
  if (inner instanceof z.ZodArray) yield* walk(inner.element as z.ZodType, meaning, [...at, "*"]);
  for (const { shape } of objectsOf(inner)) {
    for (const [key, member] of Object.entries(shape)) yield* walk(member as z.ZodType, meaning, [...at, key]);
  }
}

/** Whether a schema has values of a meaning at all. */
export function has(schema: z.ZodType, meaning: Meaning): boolean {
  return stepsTo(schema, meaning).length > 0;
}

/** The values of a meaning in data of a schema, each with its path: `root`, `jobs.1.command`. */
export function* valuesOf(
  schema: z.ZodType,
  data: unknown,
  meaning: Meaning,
): Generator<{ readonly path: string; readonly value: unknown }> {
  const seen = new Set<string>();
  for (const steps of stepsTo(schema, meaning)) {
    for (const { path, value } of follow(data, steps, [])) {
      // Branches of a union can have the same member.
      if (value === undefined || seen.has(path)) continue;
      seen.add(path);
      yield { path, value };
    }
  }
}

function* follow(data: unknown, steps: Steps, at: readonly string[]): Generator<{ path: string; value: unknown }> {
  const [step, ...rest] = steps;
  if (step === undefined) yield { path: at.join("."), value: data };
  else if (data === null || typeof data !== "object") return;
  else if (step !== "*") yield* follow(Reflect.get(data, step), rest, [...at, step]);
  else if (Array.isArray(data))
    for (const [index, item] of data.entries()) yield* follow(item, rest, [...at, `${index}`]);
}
