import { z } from "zod";
import { number } from "../inputs.ts";
import { promise } from "../registry/fields/field-class.ts";
import { type Limit, limits } from "./limits.ts";

export type LimitName = keyof typeof limits;

/** The names of all limits. */
export const limitNames = Object.keys(limits) as readonly LimitName[];

/** A limit by its name. */
export function limitOf(name: LimitName): Limit {
  return limits[name];
}

/** The limit at a path of an element: in a plan at the top, in an account among its limits. */
export function limitAt(path: string): LimitName | undefined {
  return limitNames.find((name) => path === name || path === `limits.${name}`);
}

/** Schema of a limit's value where the default is not its own but another file's. */
export function limitValue(name: LimitName): z.ZodType<number> {
  const { schema } = limitOf(name);
  return schema instanceof z.ZodDefault
    ? (schema.unwrap() as z.ZodType<number>).describe(schema.description ?? "")
    : schema;
}

/** An object with one member for each limit. */
export function eachLimit<T>(make: (name: LimitName) => T): { [Name in LimitName]: T } {
  return Object.fromEntries(limitNames.map((name) => [name, make(name)])) as { [Name in LimitName]: T };
}

/**
 * Limits as inputs of components: promises to accounts, each described as in a plan. A limit with a default has it here too: the state
 * of a release without that limit is read as if it had promised the default.
 */
export function limitInputs(): { [Name in LimitName]: z.ZodType<number> } {
  return eachLimit((name) => {
    const { schema, weaker } = limitOf(name);
    const input = promise(number, { weaker });
    const whole = schema instanceof z.ZodDefault ? input.default(schema.def.defaultValue as number) : input;
    return whole.describe(schema.description ?? "");
  });
}
