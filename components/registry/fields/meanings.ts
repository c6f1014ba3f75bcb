import type { Meaning } from "../../inputs.ts";
import type { Declaration } from "../kinds.generated.ts";
import { allKinds, elementName, ownerOf, type Subject } from "../subject.ts";
import { has, valuesOf } from "./schema-walk.ts";

/** A value with a registered meaning, in whatever kind. */
export interface Meant {
  /** The element, with the value's path in it. */
  readonly subject: Subject & { readonly path: string };
  /** The element as it begins a sentence: `HTTP server 1204/blog`. */
  readonly owner: string;
  /** Number of the account that the element belongs to, if it does. */
  readonly account?: number;
  readonly value: unknown;
}

/** @returns a function that finds every value of a meaning in a declaration; it skips kinds that have none */
export function valuesThatMean(meaning: Meaning): (declaration: Declaration) => Generator<Meant> {
  const kinds = allKinds.filter(({ inputs }) => has(inputs, meaning));
  return function* (declaration) {
    for (const { key, name: kind, inputs, accountOf } of kinds) {
      for (const element of declaration[key]) {
        const values = valuesOf(inputs, element, meaning);
        if (values.length === 0) continue;
        const whole = { kind, name: elementName(key, element as never) };
        const account = accountOf?.(element as never);
        for (const { path, value } of values) {
          yield {
            subject: { ...whole, path },
            get owner() {
              return ownerOf(whole);
            },
            ...(account !== undefined && { account }),
            value,
          };
        }
      }
    }
  };
}
