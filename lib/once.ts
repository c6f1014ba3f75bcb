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
