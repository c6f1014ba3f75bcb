import { readFileSync } from "node:fs";
import { ApplyError } from "../os/machine.ts";

/** Whether a value is what the applier writes into a file of its own, as far as its readers need it. */
export type Schema<T> = (value: unknown) => value is T;

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A JSON file that the applier has written for itself: nothing is taken for another thing, whatever a full disk, a failing one or a hand has left.
 * @param remedy what to do if it is damaged, a sentence without its dot
 * @returns undefined if it is not there
 * @throws ApplyError with its path if it is damaged
 */
export function readOwn<T>(path: string, schema: Schema<T>, remedy: string): T | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (schema(value)) return value;
  throw new ApplyError(`${path} is damaged. ${remedy}`);
}

/** The same of a file that only informs, or that the next run makes anew. @returns undefined, too, if it is damaged or cannot be read */
export function readOwnIfWhole<T>(path: string, schema: Schema<T>): T | undefined {
  try {
    const value = parse(readFileSync(path, "utf8"));
    return schema(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
