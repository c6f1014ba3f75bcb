import type { z } from "zod";
import type { Loose } from "../../components/registry/kind.ts";
import { describeIssue } from "./describe-issue.ts";
import { mostProblems, type Problem, tooMany } from "./problem.ts";
import type { Source } from "./source.ts";

/** One entry of the inventory after its schema was checked. */
export interface Entry<T> {
  readonly source: Source;
  /** Its valid parts, for checks across files: an invalid property must neither hide other problems nor cause new ones. */
  readonly loose: Loose<T>;
  /** The entry with its defaults, if it is valid. */
  readonly whole?: T;
}

/** Checks one file against its schema. Returns all its problems, and the parts that can still be used. */
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
  const problems: Problem[] = [];
  for (const issue of issues) {
    if (problems.length > mostProblems) break;
    problems.push(...describeIssue(issue, schema, source));
  }
  if (problems.length > mostProblems) problems.splice(mostProblems, problems.length, tooMany(source.file));
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
