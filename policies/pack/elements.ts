import type { z } from "zod";
import type { Element as ElementOf, Key, Kind } from "../../components/registry/kind.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { readInputs } from "../../components/registry/read-inputs.ts";
import { allKinds, elementName, nothingDeclared, type Subject } from "../../components/registry/subject.ts";

/** One element of a declaration, with its name for violations. */
export interface Element {
  readonly kind: Key;
  readonly value: ElementOf;
  readonly subject: Subject;
}

/** Reads a component's properties. */
export interface Shape {
  readonly kind: Key;
  /** Refuses unknown properties: one that no rule reads could be a privilege, a path of the host or a device. */
  parse(properties: unknown): z.ZodSafeParseResult<Element>;
}

function shapeOf(kind: Kind): Shape {
  const { key, name } = kind;
  return {
    kind: key,
    parse(properties) {
      const parsed = readInputs(kind, properties);
      if (!parsed.success) return parsed as unknown as z.ZodSafeParseError<Element>;
      const value = parsed.data;
      return {
        success: true,
        data: { kind: key, value, subject: { kind: name, name: elementName(key, value as never) } },
      };
    },
  };
}

/** The components that carry a declaration, by type token. */
export const shapes: ReadonlyMap<string, Shape> = new Map(allKinds.map((kind) => [kind.type, shapeOf(kind as Kind)]));

/** Elements by kind, as a declaration. */
export function declarationOf(elements: readonly Element[]): Declaration {
  const grouped = Map.groupBy(elements, ({ kind }) => kind);
  const values = [...grouped].map(([kind, group]) => [kind, group.map(({ value }) => value)]);
  return { ...nothingDeclared, ...Object.fromEntries(values) };
}
