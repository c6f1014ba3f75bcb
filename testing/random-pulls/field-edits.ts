import { z } from "zod";
import { bare } from "../../components/registry/fields/bare.ts";
import { objectsOf } from "../../components/registry/fields/schema-walk.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { fileKinds } from "../../components/registry/files.generated.ts";
import { kindOfFile } from "../../fleet/load/read-fleet.ts";
import type { Files, Pick } from "./edits.ts";

/** A field of the files' data, as its schema has it. */
interface Place {
  readonly path: string;
  readonly holder: object;
  readonly name: string;
  readonly schema: z.ZodType;
}

/** A field somewhere in the files, found by the schemas, with another value or away: a new field needs no edit of its own. */
export function anotherValue(files: Files, pick: Pick): void {
  const places = Map.groupBy(
    [...files].flatMap(([file, content]) => {
      const key = kindOfFile(file)!;
      return [...placesIn((fileKinds[key] as FileKind).schema, content, key)];
    }),
    ({ path }) => path,
  );
  // By field, not by place: most places are of a few fields.
  const of = [...places.values()][pick(places.size)]!;
  const { holder, name, schema } = of[pick(of.length)]!;
  const value: unknown = Reflect.get(holder, name);
  const others = [...valuesBeside(schema, value)].filter(
    (each) => each === undefined || schema.safeParse(each).success,
  );
  if (others.length === 0) return;
  const other = others[pick(others.length)];
  if (other === undefined) Reflect.deleteProperty(holder, name);
  else Reflect.set(holder, name, other);
}

function* placesIn(schema: z.ZodType, data: unknown, path: string): Generator<Place> {
  const inner = bare(schema);
  if (Array.isArray(data) && "element" in inner) {
    for (const each of data) yield* placesIn(inner.element as z.ZodType, each, `${path}.*`);
  } else if (objectsOf(inner).length > 0 && data !== null && typeof data === "object") {
    const own = objectsOf(inner).find((each) => each.safeParse(data).success) ?? objectsOf(inner)[0]!;
    for (const [name, member] of Object.entries(own.shape)) {
      const value: unknown = Reflect.get(data, name);
      if (value === undefined) continue;
      const place = { path: `${path}.${name}`, holder: data, name, schema: member as z.ZodType };
      const isMap = bare(place.schema) instanceof z.ZodRecord;
      const isWhole = value === null || typeof value !== "object" || Array.isArray(value) || isMap;
      if (isWhole) yield place;
      yield* placesIn(place.schema, value, place.path);
    }
  }
}

function* valuesBeside(schema: z.ZodType, value: unknown): Generator<unknown> {
  const inner = bare(schema);
  if (schema.safeParse(undefined).success) yield undefined;
  if (inner instanceof z.ZodEnum) yield* inner.options.filter((each) => each !== value);
  else if (inner instanceof z.ZodLiteral) yield* [...inner.values].filter((each) => each !== value);
  else if (typeof value === "number") yield* [value + 1, value - 1, value * 2, value / 2];
  else if (typeof value === "boolean") yield !value;
  else if (typeof value === "string") yield* [`${value}x`, value.replace(/.$/, "9"), value.replace(/.$/, "8")];
  else if (inner instanceof z.ZodRecord && value !== null) {
    const [[key, own] = ["", ""], ...rest] = Object.entries(value as object);
    yield* [Object.fromEntries(rest), { ...(value as object), [key]: `${own}`.replace(/.$/, "9") }];
  } else if (Array.isArray(value) && value.length > 0) yield* [value.slice(1), value.toReversed()];
}
