import type { Meaning } from "../../inputs.ts";
import type { Element, Kind } from "../kind.ts";
import type { Declaration } from "../kinds.generated.ts";
import { allKinds, elementName, ownerOf, type Subject } from "../subject.ts";
import { has, membersWith, valuesOf } from "./schema-walk.ts";

/** A value with a registered meaning, in whatever kind. Most are right: what only a message needs is made when it is asked for. */
export interface Meant {
  readonly element: Element;
  /** The element, with the value's path in it. */
  subject(): Subject & { readonly path: string };
  /** The element as it begins a sentence: `HTTP server 1204/blog`. */
  owner(): string;
  readonly value: unknown;
}

/**
 * @returns a function that finds every value of a meaning in a declaration; it skips kinds that have none
 * @param isFine whether nothing is to be said of a value: elements with such values alone are skipped
 */
export function valuesThatMean(
  meaning: Meaning,
  isFine: (value: unknown) => boolean = () => false,
): (declaration: Declaration) => Generator<Meant> {
  const mayTell = (member: string, value: unknown) => member === "*" || (value !== undefined && !isFine(value));
  const kinds = (allKinds as readonly Kind[]).filter(({ inputs }) => has(inputs, meaning));
  return function* (declaration) {
    for (const { key, name: kind, inputs } of kinds) {
      const members = membersWith(inputs, meaning);
      for (const element of declaration[key] as readonly Element[]) {
        if (!members.some((member) => mayTell(member, Reflect.get(element, member)))) continue;
        const whole = () => ({ kind, name: elementName(key, element as never) });
        for (const { path, value } of valuesOf(inputs, element, meaning)) {
          yield {
            element,
            subject: () => ({ ...whole(), path }),
            owner: () => ownerOf(whole()),
            value,
          };
        }
      }
    }
  };
}
