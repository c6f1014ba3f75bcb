/** Computes a value of an object only once, so that code that needs it a thousand times stays linear. */
export function once<T extends object, R>(work: (of: T) => R): (of: T) => R {
  const known = new WeakMap<T, { readonly value: R }>();
  return (of) => {
    let found = known.get(of);
    if (!found) {
      found = { value: work(of) };
      known.set(of, found);
    }
    return found.value;
  };
}

/** Computes a value when it is first asked for, and only once. */
export function lazy<R>(work: () => R): () => R {
  let found: { readonly value: R } | undefined;
  return () => {
    found ??= { value: work() };
    return found.value;
  };
}

/** Computes a value of a text only once. */
export function onceByName<R>(work: (name: string) => R): (name: string) => R {
  const known = new Map<string, { readonly value: R }>();
  return (name) => {
    let found = known.get(name);
    if (!found) {
      found = { value: work(name) };
      known.set(name, found);
    }
    return found.value;
  };
}
