import { z } from "zod";
import { behaviour, derivedField, key, redundancy, trust } from "./registry/fields/field-class.ts";

/**
 * Building blocks of components' inputs. A declaration holds plain values, and rules decide which values are valid, so formats
 * are not checked here. Instead, the meaning of each text is registered: a rule finds values by their meaning in every kind,
 * without a list of kinds. The registry refuses a kind with a text that has none.
 */

/** Meaning of a value for the rules, in whatever kind. */
export type Meaning =
  /** In a file of the inventory: a word of a command, or the value of a variable. */
  | "argument"
  /** A name, an address or a text for people: nothing below says more of it. */
  | "text"
  /** A path inside an account's home; `.` is the home. */
  | "home path"
  /** A program and its arguments, run as an account. */
  | "command"
  /** Environment variables of an account's program. */
  | "environment"
  /** What no message may show, such as the hash of a password, or what somebody has written in its place. */
  | "secret"
  /** A value that follows from another element of the fleet: a change of it alone is no work on this one. */
  | "derived"
  /** In a file of the inventory: a day on which something happened. One that is still to come cannot be. */
  | "past day"
  | Spelled;

/**
 * Names that are compared with each other, because what has two of them counts as two: who made it, which model it is, who runs the
 * building, where power comes from, what can fail alone. Two spellings of one name would pass for two. Each with what it names: a company, a
 * place, which people tell apart by a letter at an end, or a model, of which makers have many that differ in one letter; and where
 * the name is one: in the whole fleet, in its file, or in its list.
 */
export const spelledMeanings = {
  manufacturer: { names: "company", in: "fleet" },
  model: { names: "model", in: "fleet" },
  provider: { names: "company", in: "fleet" },
  operator: { names: "company", in: "fleet" },
  site: { names: "place", in: "fleet" },
  hall: { names: "place", in: "file" },
  rack: { names: "place", in: "list" },
  chain: { names: "place", in: "list" },
  feed: { names: "place", in: "file" },
  device: { names: "place", in: "file" },
} as const satisfies Readonly<
  Record<string, { readonly names: "company" | "place" | "model"; readonly in: "fleet" | "file" | "list" }>
>;
export type Spelled = keyof typeof spelledMeanings;

const meanings = z.registry<{ readonly meaning: Meaning }>();

/** @returns the meaning registered for exactly this schema, not for one that it wraps */
export function meaningOf(schema: z.ZodType): Meaning | undefined {
  return meanings.get(schema)?.meaning;
}

/** Registers what the values of a schema mean to the rules. */
export function meaning<S extends z.ZodType>(schema: S, what: Meaning): S {
  meanings.add(schema, { meaning: what });
  return schema;
}

/** Text that has none of the other meanings: never a path, a command or a variable of an account. */
export const text = meaning(z.string(), "text");
export const number = z.number();
export const secret = meaning(z.string(), "secret");
export const texts = z.array(text);
export const flag = z.boolean();

/** A path inside the account's home, relative to it. */
export const homePath = () => meaning(behaviour(z.string()), "home path");
export const command = () => meaning(behaviour(z.array(z.string())), "command");
export const environment = () => meaning(behaviour(z.record(z.string(), z.string())), "environment");

/** Meanings whose values only something of an account has. */
export const meaningsOfAccounts = ["home path", "command", "environment"] as const satisfies readonly Meaning[];

/** A name that must have one spelling in the whole inventory. */
export function spelled<S extends z.ZodType>(what: Spelled, schema: S): S {
  return meaning(schema.clone() as S, what);
}

/** A value that follows from another element, and is repeated here for rules and readers. */
export function derived<S extends z.ZodType>(schema: S): S {
  return meaning(derivedField(schema), "derived");
}

/**
 * Permission to break one rule for a limited time. It is on the resource that breaks the rule, so that a diff of the resource shows
 * it and the policy pack, which sees one resource at a time, knows it.
 */
const waiver = z.strictObject({
  rule: key(text).describe("Name of the rule."),
  path: key(text)
    .exactOptional()
    .describe("Only violations at this property, or inside it; without one all of the resource."),
  owner: text.describe("Who answers for it."),
  reason: text.describe("Why it is right to wait; for information only."),
  expires: text.describe("The last day it holds, ISO 8601."),
});
export type WaiverInputs = Readonly<z.output<typeof waiver>>;

/** For elements that may carry waivers. */
export const waivers = trust(z.array(waiver), { judged: "waivers-approved" })
  .exactOptional()
  .describe("Rules that the resource may break for a limited time.");

const powerSupply = z.strictObject({
  name: key(text).describe("Unique in the device."),
  model: text.describe("Spare parts are counted by model."),
  chain: text.describe("The electrical chain of the hall it hangs on."),
  feed: derived(text.describe("What the chain hangs on, from the site.")),
});
export type PowerSupplyInputs = Readonly<z.output<typeof powerSupply>>;

/** Power supplies of a host, router or switch. */
export const powerSupplies = redundancy(z.array(powerSupply)).describe("Its power supplies.");

/** Where something stands: a change of it is a move. */
function placeOf<S extends z.ZodType>(schema: S): S {
  return redundancy(schema, { judged: "moves-planned" });
}

/** Of something that stands in a rack. Halls belong to a site, racks to a hall. */
export const placed = {
  waivers,
  name: key(text).describe("Unique among its kind."),
  site: placeOf(text).describe("The site it stands at."),
  hall: placeOf(text).describe("The hall of the site."),
  rack: placeOf(text).describe("The rack of the hall."),
};

/** Kinds of elements that can fail alone, as a plan names them. A chain includes its feed; a link is between a host and a switch, or between devices. */
export const failures = [
  "disk",
  "supply",
  "chain",
  "link",
  "switch",
  "router",
  "operator",
  "host",
  "rack",
  "hall",
  "site",
] as const;
export type Failure = (typeof failures)[number];
