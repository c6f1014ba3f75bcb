import { isDeepStrictEqual } from "node:util";
import { shown } from "../../../lib/text/text.ts";
import { fieldAt } from "./field-words.ts";

/**
 * What differs between two values, in words, one entry a difference: `idle seconds 300 to 60`, `operators init7 added`,
 * `disks bay1 serial "A" to "B"`.
 * @param place what stands before each entry
 * @param unit what stands after a number, with its space
 */
export function differing(place: string, before: unknown, after: unknown, unit = ""): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) return itemsDiffering(place, before, after);
  if (isMap(before) && isMap(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => {
      const { words, unit } = fieldAt(key);
      return differing(`${place} ${words}`, before[key], after[key], unit);
    });
  }
  // What comes or goes as a whole is told by what it has.
  if (before === undefined && (Array.isArray(after) || isMap(after))) return wholly(place, after, "added");
  if (after === undefined && (Array.isArray(before) || isMap(before))) return wholly(place, before, "removed");
  const [old, next] = [short(before, unit), short(after, unit)];
  return [old === undefined && next === undefined ? place : `${place} ${old ?? "none"} to ${next ?? "none"}`];
}

/** @param verb `added` or `removed` */
function wholly(place: string, value: readonly unknown[] | Item, verb: string): string[] {
  if (Array.isArray(value) && value.length > 0 && !value.every(isMap))
    return value.map((item) => `${place} ${word(item)} ${verb}`);
  return [`${place} ${verb}`];
}

type Item = Readonly<Record<string, unknown>>;

function itemsDiffering(place: string, before: readonly unknown[], after: readonly unknown[]): string[] {
  const key = keyOf(before, after);
  const named = (items: readonly unknown[]) => new Map(items.map((item) => [key(item), item]));
  const [old, next] = [named(before), named(after)];
  const differ = [
    ...[...next.keys()].flatMap((name) => (old.has(name) ? [] : [`${place} ${name} added`])),
    ...[...old.keys()].flatMap((name) => (next.has(name) ? [] : [`${place} ${name} removed`])),
    ...[...next].flatMap(([name, item]) => (old.has(name) ? differing(`${place} ${name}`, old.get(name), item) : [])),
  ];
  return differ.length > 0 ? differ : [`${place} in another order`];
}

/**
 * What tells the items of a list apart: their first member (`name`, `slot`, `port`), if it is another text or number in each; otherwise
 * all that they are.
 */
function keyOf(...lists: readonly (readonly unknown[])[]): (item: unknown) => string {
  const items = lists.flat();
  const [member] = items.every(isMap) ? Object.keys(items[0] ?? {}) : [];
  const tells = (list: readonly unknown[]) => {
    const values = list.map((item) => (item as Item)[member!]);
    return values.every(isWord) && new Set(values).size === list.length;
  };
  return member !== undefined && lists.every(tells) ? (item) => word((item as Item)[member]) : word;
}

/** As a name where it looks like one, else as a message shows a value. */
function word(value: unknown): string {
  if (isWord(value) && /^[\w.:/-]+$/.test(String(value))) return String(value);
  return isMap(value) || Array.isArray(value) ? JSON.stringify(value) : shown(value);
}

function isWord(value: unknown): value is string | number {
  return typeof value === "string" || typeof value === "number";
}

function isMap(value: unknown): value is Item {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A scalar, as a message shows it; undefined for anything else. */
function short(value: unknown, unit: string): string | undefined {
  if (value === undefined || typeof value === "object") return undefined;
  if (typeof value === "boolean") return value ? "yes" : "no";
  return typeof value === "number" ? `${value}${unit}` : shown(value);
}
