import { z } from "zod";
import { bare } from "../components/registry/fields/bare.ts";
import { objectsOf } from "../components/registry/fields/schema-walk.ts";

/** A value of a schema that holds no others, by its path: `hosts.*.disks.*.serial`, with `*` for every item of a list. */
export interface Leaf {
  readonly path: string;
  readonly description: string;
}

/** All leaves of a schema, below a path. The items of a record are one leaf. */
export function* leavesOf(schema: z.ZodType, path: string): Generator<Leaf> {
  const inner = bare(schema);
  const objects = objectsOf(inner);
  if (inner instanceof z.ZodArray) yield* leavesOf(inner.element as z.ZodType, `${path}.*`);
  else if (objects.length === 0) yield { path, description: schema.description ?? "" };
  for (const { shape } of objects)
    for (const [key, member] of Object.entries(shape)) yield* leavesOf(member as z.ZodType, `${path}.${key}`);
}

/** A copy of data that adds to `read` the path of each value that somebody looks at, present or not, lists and objects too. */
export function recording<T>(data: T, path: string, read: Set<string>): T {
  // A copy, because a proxy may not hide what a frozen object has.
  return watched(structuredClone(data), path, read);
}

function watched<T>(value: T, path: string, read: Set<string>): T {
  read.add(path);
  if (value === null || typeof value !== "object") return value;
  return new Proxy(value, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof key === "symbol" || typeof member === "function" || (Array.isArray(target) && key === "length"))
        return member;
      return watched(member, `${path}.${Array.isArray(target) ? "*" : key}`, read);
    },
  });
}
