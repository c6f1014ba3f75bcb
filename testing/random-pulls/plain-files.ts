import type { Files } from "./edits.ts";

/** Something that a change loses. */
export interface Loss {
  readonly of: "data" | "promise" | "redundancy" | "trust";
  readonly what: string;
}

// biome-ignore lint/suspicious/noExplicitAny: files as they are written
type Item = any;

export const all = (files: Files, folder: string): Item[] =>
  [...files].filter(([file]) => file.startsWith(`${folder}/`)).map(([, content]) => content);
export const named = (list: readonly Item[] | undefined, key = "name"): Map<string, Item> =>
  new Map((list ?? []).map((each) => [each[key], each]));
/** What both sides have. */
export function both(
  before: readonly Item[] | undefined,
  after: readonly Item[] | undefined,
  key = "name",
): [name: string, was: Item, is: Item][] {
  const next = named(after, key);
  return [...named(before, key)].flatMap(([name, was]): [string, Item, Item][] =>
    next.has(name) ? [[name, was, next.get(name)]] : [],
  );
}
export const gone = (before: readonly Item[], after: readonly Item[], key = "name"): string[] =>
  [...named(before, key).keys()].filter((name) => !named(after, key).has(name));
