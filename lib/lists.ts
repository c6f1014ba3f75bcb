/** A map of a list by a key. */
export function byKey<T, Key>(list: readonly T[], key: (item: T) => Key): Map<Key, T> {
  return new Map(list.map((item) => [key(item), item]));
}

/** The value of a name. @throws {RangeError} naming `what` if it is missing. */
export function found<T>(map: ReadonlyMap<string, T>, name: string, what: string): T {
  const value = map.get(name);
  if (value === undefined) throw new RangeError(`the ${what}, "${name}", is not in the fleet`);
  return value;
}

/** A sorted copy. */
export function sortBy<T, Key extends string | number>(list: readonly T[], key: (item: T) => Key): T[] {
  return [...list].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}
