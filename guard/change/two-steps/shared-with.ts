import { isDeepStrictEqual } from "node:util";
import type { Element } from "../../../components/registry/kind.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { elementName } from "../../../components/registry/subject.ts";
import { byKey } from "../../../lib/lists.ts";
import { keys } from "../diff.ts";

/**
 * A declaration with the elements of another one in place of those that are equal. A comparison of two passes over what they share, and
 * many states of a fleet need little more memory than one.
 */
export function sharedWith(other: Declaration, declaration: Declaration): Declaration {
  const lists = keys.map((key) => {
    const name = (element: Element) => elementName(key, element as never);
    const known = other[key] as readonly Element[];
    const byName = byKey(known, name);
    const list = (declaration[key] as readonly Element[]).map((element) => {
      const same = byName.get(name(element));
      return same !== undefined && isDeepStrictEqual(same, element) ? same : element;
    });
    const isSame = list.length === known.length && list.every((element, index) => element === known[index]);
    return [key, isSame ? known : list];
  });
  return { ...declaration, ...Object.fromEntries(lists) };
}
