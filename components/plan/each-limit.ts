import { number, promise } from "../inputs.ts";
import { type Limit, limits } from "./limits.ts";

export type LimitName = keyof typeof limits;

/** The names of all limits. */
export const limitNames = Object.keys(limits) as readonly LimitName[];

/** A limit by its name. */
export function limitOf(name: LimitName): Limit {
  return limits[name];
}

/** An object with one member for each limit. */
export function eachLimit<T>(make: (name: LimitName) => T): { [Name in LimitName]: T } {
  return Object.fromEntries(limitNames.map((name) => [name, make(name)])) as { [Name in LimitName]: T };
}

/** Limits as inputs of components: promises to accounts, each described as in a plan. */
export function limitInputs(): { [Name in LimitName]: typeof number } {
  return eachLimit((name) => promise(number).describe(limitOf(name).schema.description ?? ""));
}
