import type { z } from "zod";
import type { Element, Kind } from "./kind.ts";

/** Reads a component's properties as its kind's inputs, without those of older releases that are gone ({@link Kind.dropped}). */
export function readInputs({ inputs, dropped = [] }: Kind, properties: unknown): z.ZodSafeParseResult<Element> {
  const known =
    dropped.length > 0 && typeof properties === "object" && properties !== null
      ? Object.fromEntries(Object.entries(properties).filter(([name]) => !dropped.includes(name)))
      : properties;
  return inputs.safeParse(known);
}
