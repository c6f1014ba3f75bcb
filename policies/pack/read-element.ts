import type { z } from "zod";
import type { Element, Shape } from "./elements.ts";

/** One element of a declaration, or the problems of its properties. */
export type ReadElement = { readonly element: Element } | { readonly problems: readonly string[] };

/**
 * Reads a component's properties from the policy runtime, where access to a property that is unknown before the update
 * throws. Problems name properties, never values: secrets reach policies decrypted.
 */
export function readElement({ parse }: Shape, properties: Readonly<Record<string, unknown>>): ReadElement {
  const unknown: string[] = [];
  const plain = copy(properties, "", unknown);
  if (unknown.length > 0) {
    return {
      problems: unknown.map((path) => `Property ${path} is unknown before the update, so no rule can judge it.`),
    };
  }
  const parsed = parse(plain);
  if (parsed.success) return { element: parsed.data };
  return { problems: parsed.error.issues.flatMap(describe) };
}

function describe(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `Property ${[...issue.path, key].join(".")} is not known to any rule.`);
  }
  const path = issue.path.length > 0 ? `Property ${issue.path.join(".")}` : "The properties";
  return [`${path} cannot be read: ${issue.code === "invalid_type" ? `${issue.expected} expected` : issue.message}.`];
}

/** A plain copy without unknown values, whose paths are added to `unknown`. */
function copy(value: unknown, path: string, unknown: string[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const result: Record<string, unknown> | unknown[] = Array.isArray(value) ? [] : {};
  for (const key of Object.keys(value)) {
    const inner = path === "" ? key : `${path}.${key}`;
    let member: unknown;
    try {
      member = Reflect.get(value, key);
    } catch {
      unknown.push(inner);
      continue;
    }
    if (member !== undefined) Reflect.set(result, key, copy(member, inner, unknown));
  }
  return result;
}
