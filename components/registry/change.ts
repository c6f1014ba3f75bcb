import { listed } from "../../lib/text/text.ts";
import { differing } from "./fields/differing.ts";
import { fieldAt } from "./fields/field-words.ts";
import type { Element, Key } from "./kind.ts";
import type { Declaration } from "./kinds.generated.ts";
import type { Subject } from "./subject.ts";

/** The change of one element of a fleet between two declarations. */
export type Change<K extends Key = Key> = {
  [Each in K]: {
    readonly kind: Each;
    readonly subject: Subject;
    /** Properties that differ, as paths: `limits.memoryMaxMb`, `disks.1.serial`. Empty unless both sides are there. */
    readonly paths: readonly string[];
    /** Of these, those whose values are not told: what an account's programs are given may be a secret, against all advice. */
    readonly untold: readonly string[];
  } & (
    | { readonly op: "create"; readonly before?: undefined; readonly after: Element<Each> }
    | { readonly op: "update"; readonly before: Element<Each>; readonly after: Element<Each> }
    | { readonly op: "delete"; readonly before: Element<Each>; readonly after?: undefined }
  );
}[K];

/** One effect of a change, in words. */
export interface Effect {
  readonly subject: Subject;
  /** One sentence. */
  readonly sentence: string;
  /** Numbers of the accounts that it touches. */
  readonly accounts: readonly number[];
  /** Seconds that these accounts do not answer; 0: no interruption. */
  readonly seconds: number;
  /** Whether data or an identity is lost. */
  readonly destroys: boolean;
}

/** Context of a change: both sides, and all changes between them. */
export interface ChangeContext {
  readonly before: Declaration;
  readonly after: Declaration;
  readonly changes: { readonly [K in Key]: readonly Change<K>[] };
  /** What an account has of its own on one side, in words: `2 HTTP servers`; empty if it has nothing. */
  ownOf(side: Declaration, account: number): string;
}

/**
 * Describes a change of one kind in words. `undefined`: use the plain description with the changed properties. Effects on the
 * host's files are described for the host.
 */
export type Describe<K extends Key> = (change: Change<K>, context: ChangeContext) => Effect[] | undefined;

/** An effect that stops nothing and destroys nothing, unless `more` says so. */
export function effect(
  of: Subject,
  sentence: string,
  accounts: readonly number[] = [],
  more: Partial<Effect> = {},
): Effect {
  return { subject: of, sentence, accounts, seconds: 0, destroys: false, ...more };
}

/** For kinds that follow from another kind, whose changes are described. */
export function describeNothing(): Effect[] {
  return [];
}

/** Whether one of a change's paths is `path` or lies inside it. */
export function touches({ paths }: { readonly paths: readonly string[] }, ...wanted: readonly string[]): boolean {
  return paths.some((path) => wanted.some((each) => path === each || path.startsWith(`${each}.`)));
}

/** Numbers of the accounts of a host. */
export function accountsOn({ accounts }: Declaration, host: string): number[] {
  return accounts.filter((account) => account.host === host).map(({ number }) => number);
}

/**
 * Properties that differ, with their values where these are short: `idle seconds 300 to 60`, `memory 512 MiB to 1024 MiB`. Items of lists by their
 * names, not their positions.
 */
export function differences(
  { paths, untold, before, after }: Pick<Change, "paths" | "untold" | "before" | "after">,
  only = paths,
): string {
  // Of a list all that differs is said at its first path.
  const said = new Set<string>();
  return listed(
    only.flatMap((path) => {
      const steps = stepsOf(path, before, after);
      const place = listAround(steps, before, after) ?? steps;
      const key = place.join(".");
      if (said.has(key)) return [];
      said.add(key);
      const { words, unit } = fieldAt(...place);
      if (untold.some((each) => each === key || each.startsWith(`${key}.`))) return [words];
      return differing(words, valueAt(before, place), valueAt(after, place), unit);
    }),
  );
}

/** The names that a path leads through; a name, such as that of a directive, can have dots itself. */
function stepsOf(path: string, ...sides: readonly unknown[]): readonly string[] {
  if (!path.includes(".")) return [path];
  const maps = sides.filter((side) => typeof side === "object" && side !== null);
  const dots = [...path.matchAll(/\./g)].map(({ index }) => index);
  const end = [path.length, ...dots.toReversed()].find((at) =>
    maps.some((map) => Object.hasOwn(map, path.slice(0, at))),
  );
  if (end === undefined || end === path.length) return [path];
  const name = path.slice(0, end);
  return [name, ...stepsOf(path.slice(end + 1), ...maps.map((map) => Reflect.get(map, name)))];
}

/** The outermost list that a path leads through. */
function listAround(steps: readonly string[], before: unknown, after: unknown): readonly string[] | undefined {
  return steps
    .map((_, index) => steps.slice(0, index + 1))
    .find((place) => Array.isArray(valueAt(before, place)) && Array.isArray(valueAt(after, place)));
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}
