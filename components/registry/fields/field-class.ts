import { z } from "zod";
import { bare } from "./bare.ts";

/**
 * What a change of a field means, whatever its kind. The guard derives from it what a change needs; a field without a class is refused
 * by a test.
 * - `identity`: what identifies something. Any change of it needs an approval.
 * - `trust`: who is trusted, and with what. Any change of it needs an approval.
 * - `promise`: what accounts count on. Less of it needs an approval.
 * - `redundancy`: what stands by when something fails. Less of it, or another, needs an approval.
 * - `capacity`: how much there is. Less of it needs an approval.
 * - `behaviour`: what an account's own programs do. The account's owner decides.
 * - `text`: for people alone.
 * - `derived`: follows from other fields of the fleet, which are judged.
 */
export const fieldClasses = [
  "identity",
  "trust",
  "promise",
  "redundancy",
  "capacity",
  "behaviour",
  "text",
  "derived",
] as const;
export type FieldClass = (typeof fieldClasses)[number];

/** How a change of a field is judged. */
export interface Judged {
  readonly class: FieldClass;
  /**
   * Which values are weaker. By default less: a smaller number, a flag that is no longer set, a list without an item that it had. Values
   * of any other form are not compared: each change counts. `more`: larger numbers, a flag that is set, a list with an item that it had not.
   * `any`: each change counts. Texts: from the weakest on.
   */
  readonly weaker?: "more" | "any" | readonly string[] | undefined;
  /**
   * What judges changes of this field in words of its own: a guard rule, or `approvals`, which are judged by whether and how something
   * uses them. Without it the rule of the class does.
   */
  readonly judged?: string | undefined;
  /** Whether states of an older release do not say it at all: that it comes is then no change of it. */
  readonly later?: true | undefined;
  /** Of trust: who is trusted, or with what, as a message says it: `who may log in`. */
  readonly means?: string | undefined;
  /** Whether items of a list are told apart by this field. Several: by all of them. */
  readonly key?: true | undefined;
}

const classes = z.registry<Judged>();

/** @returns what was registered for exactly this schema, or for the one that it wraps */
export function judgedOf(schema: z.ZodType): Judged | undefined {
  return classes.get(schema) ?? classes.get(bare(schema));
}

type More = Omit<Judged, "class">;
type Classify = <S extends z.ZodType>(schema: S, more?: More) => S;

/** Gives a schema its class, and everything inside it that has none of its own. */
const classify =
  (of: FieldClass): Classify =>
  (schema, more) => {
    const own = schema.clone() as typeof schema;
    // Written out, so that nothing is inherited from the schema that was cloned.
    const { weaker, judged, later, means, key } = more ?? {};
    classes.add(own, { class: of, weaker, judged, later, means, key });
    return own;
  };

export const identity = classify("identity");
export const trust = classify("trust");
export const promise = classify("promise");
export const redundancy = classify("redundancy");
export const capacity = classify("capacity");
export const behaviour = classify("behaviour");
export const note = classify("text");
export const derivedField = classify("derived");

/** The field by which items of a list, or elements of a kind, are told apart: with another value it is another item. */
export const key: Classify = (schema) => identity(schema, { key: true });
