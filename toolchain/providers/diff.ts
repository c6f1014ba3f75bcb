import { equal, isArchive, isAsset, isObject, isSecret, type Properties, type Value } from "./properties.ts";

/** The change of one property. */
export type Change = "add" | "delete" | "update";

/** The changed properties by path (`environment.PATH`, `triggers[0]`), in the engine's notation. */
export type PropertyChanges = Map<string, Change>;

/**
 * Compares two sets of properties as the engine does: objects and arrays member by member, everything else, secrets
 * included, as a whole, so that a path never tells more than the name of the secret property.
 */
export function compareProperties(before: Properties, after: Properties): PropertyChanges {
  const changes: PropertyChanges = new Map();
  compareObjects("", before, after, changes);
  return changes;
}

/** The property at the root of a path: `triggers` for `triggers[0]`. */
export function rootOf(path: string): string {
  return /^\["((?:[^"\\]|\\.)*)"\]/.exec(path)?.[1] ?? path.split(/[.[]/, 1)[0] ?? path;
}

function compareObjects(path: string, before: Properties, after: Properties, changes: PropertyChanges): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    compareValues(memberPath(path, key), before[key], after[key], changes);
  }
}

function compareValues(path: string, before: Value | undefined, after: Value | undefined, changes: PropertyChanges) {
  if (before === undefined || after === undefined) {
    if (before !== after) changes.set(path, before === undefined ? "add" : "delete");
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compareValues(`${path}[${index}]`, before[index], after[index], changes);
    }
  } else if (isPlainObject(before) && isPlainObject(after)) {
    compareObjects(path, before, after, changes);
  } else if (!equal(before, after)) {
    changes.set(path, "update");
  }
}

function isPlainObject(value: Value): value is Properties {
  return isObject(value) && !isSecret(value) && !isAsset(value) && !isArchive(value);
}

function memberPath(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${path}["${key.replace(/["\\]/g, "\\$&")}"]`;
  return path === "" ? key : `${path}.${key}`;
}
