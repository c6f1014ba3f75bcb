import type { z } from "zod";
import { fixOf } from "../../components/fixes.ts";
import { meaningOf } from "../../components/inputs.ts";
import { bare } from "../../components/registry/fields/bare.ts";
import { shown as shownText } from "../../lib/text/text.ts";
import { mostProblems, nearest, type Path, type Problem } from "./problem.ts";
import { choices, keysAt, schemaAt, valueAt } from "./schema-walk.ts";
import type { Source } from "./source.ts";

/** Describes a zod issue in the words of the inventory: the value found, the expected value and the fix. */
export function describeIssue(issue: z.core.$ZodIssue, schema: z.ZodType, source: Source): Problem[] {
  const path = issue.path as Path;
  const value = valueAt(source.data, path);
  const problem = (message: string, fix: string, what?: "key" | "value"): Problem[] => [
    source.problem(path, message, fix, what),
  ];
  const place = schemaAt(schema, source.data, path);
  // What is wrong may be that somebody wrote the password itself.
  const hidden = place !== undefined && (meaningOf(place) ?? meaningOf(bare(place))) === "secret";
  const shown = (what: unknown): string => (hidden ? "a value that is not shown here" : shownText(what));
  const withKind = (what: unknown): string => (hidden ? shown(what) : kindOf(what));
  const explained = (fix: string): string => (place?.description === undefined ? fix : `${fix}. ${place.description}`);
  /** The messages of the schemas begin with `must be`. */
  const format = (): Problem[] => {
    const lower = typeof value === "string" && !hidden ? value.toLowerCase() : value;
    const slip = lower !== value && place?.safeParse(lower).success;
    const repair = typeof value === "string" && place !== undefined ? fixOf(place, value) : undefined;
    const fix = repair ?? (slip ? `write ${shown(lower)} if that is what you mean` : explained("correct it"));
    return problem(`got ${shown(value)}, ${issue.message.replace(/^must be/, "expected")}`, fix);
  };
  if (issue.code === "unrecognized_keys") return unknownKeys(issue, schema, source);
  if (issue.code === "invalid_union" && issue.discriminator !== undefined) {
    return [oneOf(path, choices(schema, source.data, path.slice(0, -1)), source)];
  }
  if (value === undefined && path.length > 0 && issue.code !== "invalid_key") {
    const wanted = issue.code === "invalid_value" ? `one of ${issue.values.join(", ")}` : wantedType(issue);
    return problem(`"${path.at(-1)}" is missing`, explained(`add it: ${wanted}`));
  }

  switch (issue.code) {
    case "invalid_type":
      return problem(
        `got ${withKind(value)}, expected ${wantedType(issue)}`,
        (hidden ? undefined : fixForType(issue.expected, value)) ?? explained(`write ${wantedType(issue)}`),
      );
    case "too_small":
    case "too_big": {
      const small = issue.code === "too_small";
      const bound = `${small ? (issue.inclusive === false ? "more than" : "at least") : "at most"} ${small ? issue.minimum : issue.maximum}`;
      if (issue.origin !== "string" && issue.origin !== "array") {
        return problem(`got ${shown(value)}, expected ${bound}`, explained(`write a number that is ${bound}`));
      }
      const unit = issue.origin === "string" ? "characters" : "entries";
      const size = (value as string | unknown[]).length;
      return problem(`got ${size} ${unit}, expected ${bound}`, explained(small ? "make it longer" : "make it shorter"));
    }
    case "invalid_value":
      return [oneOf(path, issue.values.map(String), source)];
    case "invalid_union": {
      const wanted = issue.errors
        .flat()
        .map((one) => (one.code === "invalid_value" ? one.values.map(shown).join(" or ") : one.message))
        .join(", or ");
      return problem(`got ${shown(value)}, expected ${wanted}`, explained("correct it"));
    }
    case "invalid_key":
      return problem(`the key ${shown(path.at(-1))} ${issue.issues[0]?.message}`, "rename the key", "key");
    case "invalid_format":
      if (issue.format === "date")
        return problem(`got ${shown(value)}, which is not a valid date`, "write a date such as 2026-11-22");
      return format();
    default:
      return format();
  }
}

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, schema: z.ZodType, source: Source): Problem[] {
  const path = issue.path as Path;
  const known = keysAt(schema, source.data, path);
  return issue.keys.slice(0, mostProblems + 1).map((key) => {
    const guess = nearest(key, known);
    const fix = guess === undefined ? "remove it" : `did you mean "${guess}"?`;
    return source.problem(
      [...path, key],
      `unknown key ${shownText(key)}`,
      `${fix} (known: ${known.join(", ")})`,
      "key",
    );
  });
}

function oneOf(path: Path, known: readonly string[], source: Source): Problem {
  const value = valueAt(source.data, path);
  const list = `one of ${known.join(", ")}`;
  if (value === undefined) return source.problem(path, `"${path.at(-1)}" is missing`, `add it: ${list}`);
  const guess = typeof value === "string" ? nearest(value, known) : undefined;
  const fix = guess === undefined ? `write ${list}` : `did you mean "${guess}"?`;
  return source.problem(path, `got ${shownText(value)}, expected ${list}`, fix);
}

/** Plain words for zod's names of types. */
const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys and values",
  record: "a map of keys and values",
};

function wantedType(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" ? (kinds[issue.expected] ?? issue.expected) : "a value";
}

function kindOf(value: unknown): string {
  if (typeof value === "string") return `the text ${shownText(value)}`;
  if (typeof value === "number") return `the number ${shownText(value)}`;
  return shownText(value);
}

function fixForType(expected: string, value: unknown): string | undefined {
  const number = expected === "number" || expected === "int";
  if (number && typeof value === "string" && /^-?\d+(?:\.\d+)?$/.test(value)) return `remove the quotes: ${value}`;
  if (expected === "string" && ["number", "boolean"].includes(typeof value)) return `put it in quotes: "${value}"`;
  if (expected === "boolean") return "write true or false, without quotes; yes, no, on and off are text";
  if (expected === "array") return "write a list: each entry on its own line after a hyphen, or [a, b]";
  return undefined;
}
