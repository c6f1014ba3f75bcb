import { z } from "zod";
import { bare } from "../../components/registry/fields/bare.ts";
import type { Path } from "./problem.ts";

/** The value at a place in plain data; `undefined` if there is none. */
export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** The schema of a place, without defaults and optionals; the data chooses the branch of a union. */
export function schemaAt(schema: z.ZodType, data: unknown, path: Path): z.ZodType | undefined {
  let current: z.ZodType | undefined = schema;
  for (const [depth, part] of path.entries()) {
    const map = objectAt(current, valueAt(data, path.slice(0, depth)));
    const list = bare(current);
    if (map !== undefined) current = map.shape[part] as z.ZodType | undefined;
    else current = list instanceof z.ZodArray ? (list.element as z.ZodType) : undefined;
    if (current === undefined) return undefined;
  }
  return current;
}

/** The keys that a map may have at a place. */
export function keysAt(schema: z.ZodType, data: unknown, path: Path): string[] {
  const found = schemaAt(schema, data, path);
  return found === undefined ? [] : Object.keys(objectAt(found, valueAt(data, path))?.shape ?? {});
}

/** The allowed values of the property that selects the branch of a union. */
export function choices(schema: z.ZodType, data: unknown, path: Path): string[] {
  const found = schemaAt(schema, data, path);
  const union = found === undefined ? undefined : bare(found);
  return union instanceof z.ZodDiscriminatedUnion ? branches(union).map(([value]) => String(value)) : [];
}

function objectAt(schema: z.ZodType, value: unknown): z.ZodObject | undefined {
  const found = bare(schema);
  if (found instanceof z.ZodObject) return found;
  if (!(found instanceof z.ZodDiscriminatedUnion)) return undefined;
  const chosen = valueAt(value, [found.def.discriminator]);
  return branches(found).find(([literal]) => literal === chosen)?.[1];
}

function branches(union: z.ZodDiscriminatedUnion): [unknown, z.ZodObject][] {
  return union.options.flatMap((option): [unknown, z.ZodObject][] => {
    if (!(option instanceof z.ZodObject)) return [];
    const literal = option.shape[union.def.discriminator];
    return literal instanceof z.ZodLiteral ? [[literal.value, option]] : [];
  });
}
