import { kindNamed, type Subject } from "../../components/registry/subject.ts";
import { count, listed } from "../../lib/text/text.ts";

/** Something that is said of an element: an effect, a finding. */
interface Said {
  readonly subject: Subject;
  /** One sentence. */
  readonly sentence: string;
}

/** The first of several that say the same of elements of one kind. */
export interface Alike<T> {
  readonly first: T;
  /** Of how many others, in a sentence of its own; empty if of none. */
  readonly others: string;
}

/** A sentence, and of what else it is said. */
export function withOthers(sentence: string, { others }: Alike<unknown>): string {
  return others === "" ? sentence : `${sentence} ${others}`;
}

/** Up to this many stand each in its own words. */
const few = 3;

/**
 * Puts together what says the same of several elements, so that a list that is cut names each kind of change: 5,000 sentences of
 * one kind would hide all others. Keeps the order, by the first of each. Linear.
 */
export function alike<T>(items: readonly T[], said: (item: T) => Said): Alike<T>[] {
  const shapes = items.map((item) => shapeOf(said(item)));
  const groups = Map.groupBy(items.keys(), (index) => shapes[index]!);
  return items.flatMap((first, index) => {
    const group = groups.get(shapes[index]!)!;
    if (group.length <= few) return [{ first, others: "" }];
    if (group[0] !== index) return [];
    const { subject } = said(first);
    // Several sentences of one element, each of a part of it, count as one.
    const names = [...new Set(group.slice(1).map((other) => said(items[other]!).subject.name))];
    // Another release may know a kind that is unknown here.
    const [one, many] = kindNamed(subject.kind)?.words ?? [subject.kind, `${subject.kind}s`];
    return [
      { first, others: `The same of ${count(names.length, `other ${one}`, `other ${many}`)}: ${listed(names)}.` },
    ];
  });
}

/** A sentence without what tells its element from others of the kind: name, number, the account's name, addresses that follow from these. */
function shapeOf({ subject: { kind, name }, sentence }: Said): string {
  let shape = sentence;
  for (const part of name.split("/")) {
    if (part === "" || !shape.includes(part)) continue;
    const isNumber = /^\d+$/.test(part); // Any number may be a value too.
    shape = shape.replaceAll(part, (found, at: number, whole: string) => {
      const begins = isNumber ? whole.endsWith("account ", at) : !/[\w.-]/.test(whole.charAt(at - 1));
      return begins && !/[\w-]/.test(whole.charAt(at + part.length)) ? "…" : found;
    });
  }
  return `${kind} ${shape.replace(/… \([^)]*\)|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\/\d+)?/g, "…")}`;
}
