import { z } from "zod";
import { nearest, type Path, type Problem, shown } from "./problem.ts";
import type { Source } from "./source.ts";

/** A value whose every part may be missing: what is left of an entry when its wrong parts are taken out. */
export type Loose<T> = T extends readonly (infer Element)[]
  ? (Loose<Element> | undefined)[]
  : T extends object
    ? { [Key in keyof T]?: Loose<T[Key]> | undefined }
    : T;

/** One entry of the inventory after its schema was checked. */
export interface Entry<T> {
  readonly source: Source;
  /** Its sound parts, for checks across files: one wrong property must not hide other problems, nor invent new ones. */
  readonly loose: Loose<T>;
  /** The entry with its defaults, if nothing is wrong with it. */
  readonly whole?: T;
}

/** Checks one file against its schema; every problem of it, and what can still be used. */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  source: Source,
): { entry: Entry<z.output<Schema>>; problems: Problem[] } {
  type Output = z.output<Schema>;
  if (source.data === undefined) return { entry: { source, loose: {} as Loose<Output> }, problems: [] };
  const result = schema.safeParse(source.data);
  if (result.success) {
    return { entry: { source, loose: result.data as Loose<Output>, whole: result.data }, problems: [] };
  }
  const issues = result.error.issues;
  const problems = issues.flatMap((issue) => describe(issue, schema, source));
  const loose = structuredClone(source.data);
  for (const issue of issues) {
    for (const path of issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => [...issue.path, key])
      : [issue.path]) {
      drop(loose, path);
    }
  }
  const usable =
    loose !== null &&
    typeof loose === "object" &&
    issues.every((issue) => issue.path.length > 0 || issue.code === "unrecognized_keys");
  return { entry: { source, loose: (usable ? loose : {}) as Loose<Output> }, problems };
}

function drop(data: unknown, path: readonly PropertyKey[]): void {
  let parent = data;
  for (const part of path.slice(0, -1)) parent = (parent as Record<PropertyKey, unknown> | undefined)?.[part];
  const last = path.at(-1);
  if (parent !== null && typeof parent === "object" && last !== undefined) {
    (parent as Record<PropertyKey, unknown>)[last] = undefined;
  }
}

/** A zod issue in the words of the inventory: what was got, what is wanted, how to mend it. */
function describe(issue: z.core.$ZodIssue, schema: z.ZodType, source: Source): Problem[] {
  const path = issue.path as Path;
  const name = String(path.at(-1) ?? source.file);
  const value = valueAt(source.data, path);
  const problem = (message: string, mend: string, what?: "key" | "value"): Problem[] => [
    source.problem(path, message, mend, what),
  ];

  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, source.data, path);
      return issue.keys.map((key) => {
        const guess = nearest(key, known);
        const mend = guess === undefined ? "remove it" : `did you mean "${guess}"?`;
        return source.problem(
          [...path, key],
          `unknown key ${shown(key)}`,
          `${mend} known keys: ${known.join(", ")}`.replace("it known", "it; known"),
          "key",
        );
      });
    }
    case "invalid_type": {
      if (value === undefined && path.length > 0) {
        return problem(`"${name}" is missing`, `add it: ${kinds[issue.expected] ?? issue.expected}`);
      }
      const wanted = kinds[issue.expected] ?? issue.expected;
      return problem(`got ${shownWithKind(value)}, expected ${wanted}`, mendType(issue.expected, value, wanted));
    }
    case "too_small":
    case "too_big": {
      const small = issue.code === "too_small";
      const limit = small ? issue.minimum : issue.maximum;
      const bound = small ? (issue.inclusive === false ? "more than" : "at least") : "at most";
      if (issue.origin === "string" || issue.origin === "array") {
        const [size, unit] = [
          (value as string | unknown[]).length,
          issue.origin === "string" ? "characters" : "entries",
        ];
        return problem(
          `got ${size} ${unit}, expected ${bound} ${limit}`,
          small ? "add what is missing" : "make it shorter",
        );
      }
      return problem(`got ${shown(value)}, expected ${bound} ${limit}`, `write a number that is ${bound} ${limit}`);
    }
    case "invalid_value": {
      const known = issue.values.map(String);
      if (value === undefined) return problem(`"${name}" is missing`, `add it: one of ${known.join(", ")}`);
      const guess = nearest(String(value), known);
      const mend =
        guess === undefined
          ? `write one of ${known.join(", ")}`
          : `did you mean "${guess}"? it is one of ${known.join(", ")}`;
      return problem(`got ${shown(value)}, expected one of ${known.join(", ")}`, mend);
    }
    case "invalid_union":
      return describeUnion(issue, schema, source);
    case "invalid_key":
      return problem(`the key ${shown(name)} ${issue.issues[0]?.message ?? "is not allowed"}`, "rename the key", "key");
    case "invalid_format": {
      const reason = issue.format === "date" ? "must be a day such as 2026-11-22" : issue.message;
      return problem(`got ${shown(value)}: it ${reason}`, mendFormat(value, reason));
    }
    default:
      return problem(`got ${shown(value)}: it ${issue.message}`, mendFormat(value, issue.message));
  }
}

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, schema: z.ZodType, source: Source): Problem[] {
  const union = schemaAt(schema, source.data, issue.path as Path);
  if (issue.discriminator !== undefined && union instanceof z.ZodDiscriminatedUnion) {
    const known = discriminators(union);
    const path = [...issue.path, issue.discriminator] as Path;
    const value = valueAt(source.data, path);
    if (value === undefined)
      return [source.problem(path, `"${issue.discriminator}" is missing`, `add it: one of ${known.join(", ")}`)];
    const guess = nearest(String(value), known);
    const choice = `one of ${known.join(", ")}`;
    return [
      source.problem(
        path,
        `got ${shown(value)}, expected ${choice}`,
        guess ? `did you mean "${guess}"?` : `write ${choice}`,
      ),
    ];
  }
  // A plain union: every branch in one sentence.
  const value = valueAt(source.data, issue.path as Path);
  const wanted = issue.errors.flatMap((branch) =>
    branch.map((inner) =>
      inner.code === "invalid_value" ? inner.values.map((one) => shown(one)).join(" or ") : inner.message,
    ),
  );
  const name = String(issue.path.at(-1));
  if (value === undefined)
    return [source.problem(issue.path as Path, `"${name}" is missing`, `add it: ${wanted.join(" or ")}`)];
  return [
    source.problem(
      issue.path as Path,
      `got ${shown(value)}, expected ${wanted.join(" or ")}`,
      `write ${wanted.join(" or ")}`,
    ),
  ];
}

/** Words for zod's names of types. */
const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

function shownWithKind(value: unknown): string {
  if (typeof value === "string") return `the text ${shown(value)}`;
  if (typeof value === "number") return `the number ${shown(value)}`;
  return shown(value);
}

function mendType(expected: string, value: unknown, wanted: string): string {
  if (typeof value === "string" && (expected === "number" || expected === "int") && /^-?\d+(\.\d+)?$/.test(value)) {
    return `remove the quotes: ${value}`;
  }
  if (expected === "boolean" && typeof value === "string")
    return "write true or false without quotes (yes, no, on and off are text)";
  if (expected === "string" && (typeof value === "number" || typeof value === "boolean"))
    return `put it in quotes: "${value}"`;
  if (expected === "array") return "write a list: each entry on its own line after a hyphen, or [a, b]";
  return `write ${wanted}`;
}

/** `must be X` becomes `write X`: reason and mend are the same sentence for formats. */
function mendFormat(value: unknown, reason: string): string {
  const lower = typeof value === "string" ? value.toLowerCase() : value;
  const mend = reason.replace(/^must be (?:a |an )?/, "").trim();
  return lower !== value && !reason.includes("upper-case")
    ? `write ${shown(lower)}, if that is what is meant`
    : `correct it to ${mend}`;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) value = (value as Record<string | number, unknown> | null | undefined)?.[part];
  return value;
}

/** The keys a map may have at a place, by its schema. */
function keysAt(schema: z.ZodType, data: unknown, path: Path): string[] {
  const found = schemaAt(schema, data, path);
  if (found instanceof z.ZodObject) return Object.keys(found.shape);
  if (found instanceof z.ZodDiscriminatedUnion) {
    const option = optionOf(found, valueAt(data, path));
    return option === undefined ? [] : Object.keys(option.shape);
  }
  return [];
}

/** The schema of a place: defaults and optionals taken off, the branch of a union chosen by the data. */
function schemaAt(schema: z.ZodType, data: unknown, path: Path): z.ZodType | undefined {
  let current: z.ZodType | undefined = bare(schema);
  for (const [depth, part] of path.entries()) {
    if (current instanceof z.ZodDiscriminatedUnion) current = optionOf(current, valueAt(data, path.slice(0, depth)));
    if (current instanceof z.ZodObject) current = current.shape[part] as z.ZodType | undefined;
    else if (current instanceof z.ZodArray) current = current.element as z.ZodType;
    else return undefined;
    if (current === undefined) return undefined;
    current = bare(current);
  }
  return current;
}

function bare(schema: z.ZodType): z.ZodType {
  let current = schema;
  while (current instanceof z.ZodDefault || current instanceof z.ZodOptional) current = current.unwrap() as z.ZodType;
  return current;
}

function optionOf(union: z.ZodDiscriminatedUnion, value: unknown): z.ZodObject | undefined {
  const chosen = (value as Record<string, unknown> | null | undefined)?.[union.def.discriminator];
  return objects(union).find((option) => literal(option, union.def.discriminator) === chosen);
}

function discriminators(union: z.ZodDiscriminatedUnion): string[] {
  return objects(union).map((option) => String(literal(option, union.def.discriminator)));
}

function objects(union: z.ZodDiscriminatedUnion): z.ZodObject[] {
  return union.options.filter((option): option is z.ZodObject => option instanceof z.ZodObject);
}

function literal(option: z.ZodObject, key: string): unknown {
  const value = option.shape[key];
  return value instanceof z.ZodLiteral ? value.value : undefined;
}
