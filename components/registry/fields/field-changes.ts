import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { once } from "../../../lib/once.ts";
import { shown } from "../../../lib/text/text.ts";
import { meaningOf } from "../../inputs.ts";
import { bare } from "./bare.ts";
import { type Judged, judgedOf } from "./field-class.ts";
import { fieldAt } from "./field-words.ts";
import { objectsOf } from "./schema-walk.ts";

/** A field, or an item of a list, that differs between two values of one schema. */
export interface FieldChange {
  /** Items of a list by what tells them apart, not by their position: `links.eth0.switch`. */
  readonly path: string;
  /** The names in the path, which can have dots themselves. */
  readonly steps: readonly string[];
  readonly judged: Judged;
  /** `undefined` if it was not there. */
  readonly was: unknown;
  readonly is: unknown;
  /** Whether the class wants an approval of it. */
  readonly weaker: boolean;
  /** Of a value that no message may show. */
  readonly secret?: boolean;
}

/** What nobody has classed is judged as strictly as anything can be. */
const unknown: Judged = { class: "trust", weaker: "any" };
const free: readonly Judged["class"][] = ["behaviour", "text", "derived"];

/** A schema, prepared for comparing many values. */
type Form =
  | { readonly of: "field"; readonly judged: Judged; readonly secret: boolean }
  | { readonly of: "object"; readonly judged: Judged; readonly members: readonly (readonly [name: string, Form])[] }
  | { readonly of: "list"; readonly judged: Judged; readonly item: Form; readonly keys: readonly string[] };

const forms = new WeakMap<z.ZodType, Form>();

function formOf(schema: z.ZodType): Form {
  const known = forms.get(schema) ?? made(schema, unknown);
  forms.set(schema, known);
  return known;
}

function made(schema: z.ZodType, around: Judged): Form {
  const judged = judgedOf(schema) ?? (around === unknown ? unknown : { ...around, key: undefined });
  const inner = bare(schema);
  const objects = objectsOf(inner);
  if (objects.length > 0) {
    const members = new Map<string, z.ZodType>();
    for (const { shape } of objects) {
      for (const [name, member] of Object.entries(shape))
        if (!members.has(name)) members.set(name, member as z.ZodType);
    }
    return { of: "object", judged, members: [...members].map(([name, member]) => [name, made(member, judged)]) };
  }
  if (inner instanceof z.ZodArray && objectsOf(inner.element as z.ZodType).length > 0) {
    const item = made(inner.element as z.ZodType, judged);
    const members = item.of === "object" ? item.members : [];
    return { of: "list", judged, item, keys: members.flatMap(([name, form]) => (form.judged.key ? [name] : [])) };
  }
  const values = inner instanceof z.ZodRecord ? (inner.valueType as z.ZodType) : inner;
  return { of: "field", judged, secret: [schema, values, bare(values)].some((each) => meaningOf(each) === "secret") };
}

/** Every field of a schema with how its changes are judged; `undefined` for one without a class. `*` stands for each item of a list. */
export function classedFields(schema: z.ZodType): { readonly path: string; readonly judged: Judged | undefined }[] {
  const fields = (form: Form, path: readonly string[]): ReturnType<typeof classedFields> => {
    if (form.of === "object") return form.members.flatMap(([name, member]) => fields(member, [...path, name]));
    if (form.of === "list") return fields(form.item, [...path, "*"]);
    return [{ path: path.join("."), judged: form.judged === unknown ? undefined : form.judged }];
  };
  return fields(formOf(schema), []);
}

/** Fields of a list's items without anything that tells the items apart: their changes could not be named. */
export function keylessLists(schema: z.ZodType): string[] {
  const lists = (form: Form, path: readonly string[]): string[] => {
    if (form.of === "object") return form.members.flatMap(([name, member]) => lists(member, [...path, name]));
    if (form.of !== "list") return [];
    return [...(form.keys.length === 0 ? [path.join(".")] : []), ...lists(form.item, [...path, "*"])];
  };
  return lists(formOf(schema), []);
}

/** Whether a change of a member of a schema's objects can be {@link FieldChange.weaker}: not if all in it is of a free class. */
export function mayWeaken(schema: z.ZodType, member: string): boolean {
  return !freeMembers(schema).has(member);
}

const freeMembers = once((schema: z.ZodType): ReadonlySet<string> => {
  const form = formOf(schema);
  return new Set(form.of === "object" ? form.members.flatMap(([name, member]) => (isFree(member) ? name : [])) : []);
});

function isFree(form: Form): boolean {
  const inside =
    form.of === "object" ? form.members.map(([, member]) => member) : form.of === "list" ? [form.item] : [];
  return free.includes(form.judged.class) && inside.every(isFree);
}

/** All that differs between two values of a schema, in the schema's order. Linear in their size. */
export function fieldChanges(schema: z.ZodType, was: unknown, is: unknown): FieldChange[] {
  const changes: FieldChange[] = [];
  compare(formOf(schema), was, is, [], changes);
  return changes;
}

function compare(form: Form, was: unknown, is: unknown, steps: readonly string[], into: FieldChange[]): void {
  if (was === is) return;
  const { judged } = form;
  const first = was === undefined && judged.later === true;
  if (form.of === "object" && (isObject(was) || isObject(is))) {
    const before = into.length;
    for (const [name, member] of form.members) {
      const old = isObject(was) ? Reflect.get(was, name) : undefined;
      const next = isObject(is) ? Reflect.get(is, name) : undefined;
      if (old !== next) compare(member, old, next, [...steps, name], into);
    }
    if (first) for (let each = before; each < into.length; each++) into[each] = { ...into[each]!, weaker: false };
  } else if (form.of === "list") {
    const [old, next] = [byKeys(form.keys, was), byKeys(form.keys, is)];
    for (const [name, item] of next) {
      const at = [...steps, name];
      const before = old.get(name);
      if (before !== undefined) compare(form.item, before, item, at, into);
      else {
        into.push({ ...placed(at), judged, was: undefined, is: item, weaker: judged.class === "trust" });
        if (judged.class !== "trust") into.push(...trustBrought(form.item, item, at));
      }
    }
    for (const [name, item] of old) {
      if (next.has(name)) continue;
      const at = [...steps, name];
      into.push({ ...placed(at), judged, was: item, is: undefined, weaker: !free.includes(judged.class) });
    }
  } else if (!isDeepStrictEqual(was, is)) {
    into.push({
      ...placed(steps),
      judged,
      was,
      is,
      // What is inside a way that is new has its class and its mark, and may come alone where the way was there: then it is judged.
      weaker: !(first && judged.class === "promise") && isWeaker(judged, was, is),
      secret: form.of === "field" && form.secret,
    });
  }
}

/** Who is trusted through an item that is added to a list of another class. */
function trustBrought(form: Form, item: object, steps: readonly string[]): FieldChange[] {
  const fields: FieldChange[] = [];
  compare(form, undefined, item, steps, fields);
  return fields.filter(({ judged }) => judged.class === "trust" && judged.judged === undefined);
}

function placed(steps: readonly string[]): Pick<FieldChange, "path" | "steps"> {
  return { path: steps.join("."), steps };
}

/** Items by what tells them apart; of two alike, the second one has its number. */
function byKeys(keys: readonly string[], list: unknown): Map<string, object> {
  const found = new Map<string, object>();
  for (const item of Array.isArray(list) ? (list as object[]) : []) {
    const own = keys.map((key) => Reflect.get(item, key)).filter((value) => value !== undefined);
    const name = own.join(" ");
    let label = name;
    for (let index = 2; found.has(label); index++) label = `${name} (${index})`;
    found.set(label, item);
  }
  return found;
}

function isWeaker({ class: of, weaker }: Judged, was: unknown, is: unknown): boolean {
  if (free.includes(of)) return false;
  if (weaker === "any") return true;
  if (weaker === "more" && (Array.isArray(was) || Array.isArray(is)))
    return [is ?? []].flat().some((item) => ![was ?? []].flat().includes(item));
  if (weaker === "more" && (typeof was === "boolean" || typeof is === "boolean")) return is === true;
  if (weaker === "more") return !(typeof was === "number" && typeof is === "number" && is <= was);
  if (of === "trust") return true;
  if (Array.isArray(weaker) && was !== undefined) return weaker.indexOf(is) < weaker.indexOf(was);
  // Something where nothing was takes nothing away.
  if (was === undefined) return false;
  if (Array.isArray(was)) return !Array.isArray(is) || was.some((item) => !is.includes(item));
  if (of === "identity") return true;
  if (typeof was === "number") return !(typeof is === "number" && is >= was);
  if (typeof was === "boolean") return was;
  return true;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A value with changes taken back, where it still has what was changed to.
 * @param changes of two other values of the schema, as {@link fieldChanges} has them
 */
export function takenBack(schema: z.ZodType, value: unknown, changes: readonly FieldChange[]): unknown {
  return changes.reduce((whole, change) => without(formOf(schema), whole, change), value);
}

function without(form: Form, whole: unknown, change: Pick<FieldChange, "steps" | "was" | "is">): unknown {
  const [step, ...rest] = change.steps;
  if (step === undefined) return isDeepStrictEqual(whole, change.is) ? change.was : whole;
  if (form.of === "list") {
    const items = byKeys(form.keys, whole);
    const inner = without(form.item, items.get(step), { ...change, steps: rest });
    if (inner === items.get(step)) return whole;
    if (inner === undefined) items.delete(step);
    else items.set(step, inner as object);
    return [...items.values()];
  }
  const member = form.of === "object" && form.members.find(([name]) => name === step)?.[1];
  if (!member || !(whole === undefined || isObject(whole))) return whole;
  const { [step]: own, ...others } = (whole ?? {}) as Record<string, unknown>;
  const inner = without(member, own, { ...change, steps: rest });
  if (inner === own) return whole;
  if (inner !== undefined) return { ...whole, [step]: inner };
  return Object.keys(others).length === 0 ? undefined : others;
}

/** A change in words: `memory 512 MiB to 256 MiB`, `survives no longer includes disk`, `operators transit-1 removed`, `password hash changed`. */
export function fieldWords({ steps, was, is, secret }: Pick<FieldChange, "steps" | "was" | "is" | "secret">): string {
  const { words, unit } = fieldAt(...steps);
  if (secret) return `${words} ${was === undefined ? "added" : is === undefined ? "removed" : "changed"}`;
  const lists = [was, is].every((side) => side === undefined || Array.isArray(side));
  if (lists && was !== is) {
    const [old, next] = [was ?? [], is ?? []] as [readonly unknown[], readonly unknown[]];
    const [lost, added] = [old.filter((item) => !next.includes(item)), next.filter((item) => !old.includes(item))];
    const parts = [
      ...(lost.length > 0 ? [`no longer includes ${lost.join(", ")}`] : []),
      ...(added.length > 0 ? [`now includes ${added.join(", ")}`] : []),
    ];
    return `${words} ${parts.join(" and ") || "is in another order"}`;
  }
  if (typeof is === "boolean" && typeof was === "boolean") return `${words} ${is ? "set" : "removed"}`;
  if (is === undefined && typeof was === "object") return `${words} removed`;
  if (was === undefined && typeof is === "object") return `${words} added`;
  return `${words} ${valueWords(was, unit)} to ${valueWords(is, unit)}`;
}

function valueWords(value: unknown, unit: string): string {
  if (typeof value === "number") return `${value}${unit}`;
  return value === undefined ? "none" : typeof value === "string" ? value : shown(value);
}
