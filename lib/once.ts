interface Known<K, R> {
  get(of: K): { readonly value: R } | undefined;
  set(of: K, found: { readonly value: R }): unknown;
}

const remembering =
  <K, R>(known: Known<K, R>, work: (of: K) => R) =>
  (of: K): R => {
    let found = known.get(of);
    if (!found) {
      found = { value: work(of) };
      known.set(of, found);
    }
    return found.value;
  };

/** Computes a value of an object only once, so that code that needs it a thousand times stays linear. */
export function once<T extends object, R>(work: (of: T) => R): (of: T) => R {
  return remembering(new WeakMap(), work);
}

/** Computes a value of a text or a number only once. */
export function onceByName<K extends string | number = string, R = unknown>(work: (name: K) => R): (name: K) => R {
  return remembering(new Map<K, { readonly value: R }>(), work);
}

/** Computes a value when it is first asked for, and only once. */
export function lazy<R>(work: () => R): () => R {
  let found: { readonly value: R } | undefined;
  return () => {
    found ??= { value: work() };
    return found.value;
  };
}
