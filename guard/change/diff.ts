import type { Change } from "../../components/registry/change.ts";
import { mayMean, valuesOf } from "../../components/registry/fields/schema-walk.ts";
import type { Element, Key, Kind } from "../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import { allKinds, elementName, type Subject } from "../../components/registry/subject.ts";
import { compareSubjects } from "../../policies/check-declaration.ts";

/** Every kind, in the order in which changes are shown. */
export const keys = allKinds.map(({ key }) => key);

/** Differences between two declarations, in the order of kinds, then of subjects. Pure; linear in their size. */
export function changesBetween(before: Declaration, after: Declaration): Change[] {
  return keys.flatMap((key) => changesOf(key, before, after));
}

/** The changes of one kind, with their type. */
function changesOf<K extends Key>(kind: K, before: Declaration, after: Declaration): Change<K>[] {
  if (before[kind] === after[kind]) return [];
  const { name: word } = kinds[kind];
  const name = (element: Element<K>): Subject => ({ kind: word, name: elementName(kind, element) });
  const changes: Change<K>[] = [];
  const add = (
    about: Subject,
    op: Change["op"],
    was: Element<K> | undefined,
    is: Element<K> | undefined,
    paths: string[] = [],
  ) => {
    const change = {
      kind,
      subject: about,
      op,
      paths,
      untold: was && is && paths.length > 0 ? untoldOf(kinds[kind], was, is, paths) : [],
      ...(was && { before: was }),
      ...(is && { after: is }),
    };
    changes.push(change as unknown as Change<K>);
  };
  const [was, is] = [before[kind] as readonly Element<K>[], after[kind] as readonly Element<K>[]];
  const compare = (element: Element<K>, next: Element<K>) => {
    if (element === next) return;
    const paths: string[] = [];
    addDiffering(paths, element, next, "");
    if (paths.length > 0) add(name(next), "update", element, next, paths);
  };
  // Most elements are where they were, counted from one end of the list: only those between are looked up by their names.
  const most = Math.min(was.length, is.length);
  const { identity } = kinds[kind];
  const same = (left: Element<K>, right: Element<K>) =>
    identity.every((input) => Reflect.get(left, input) === Reflect.get(right, input));
  let [first, last] = [0, 0];
  while (first < most && same(was[first]!, is[first]!)) compare(was[first]!, is[first++]!);
  while (last < most - first && same(was.at(-1 - last)!, is.at(-1 - last)!))
    compare(was.at(-1 - last)!, is.at(-1 - last++)!);
  const old = new Map(was.slice(first, was.length - last).map((element) => [name(element).name, element]));
  for (const element of is.slice(first, is.length - last)) {
    const about = name(element);
    const previous = old.get(about.name);
    old.delete(about.name);
    if (previous === undefined) add(about, "create", undefined, element);
    else compare(previous, element);
  }
  for (const element of old.values()) add(name(element), "delete", element, undefined);
  return changes.sort((left, right) => compareSubjects(left.subject, right.subject));
}

/**
 * The platform's network, if it goes and comes with another AS number: there is one, so that all else that differs is a change of it. To
 * the engine it is another resource.
 */
export function renumberedNetwork(before: Declaration, after: Declaration): Change<"networks">[] {
  const [was, is] = [before.networks[0], after.networks[0]];
  if (was === undefined || is === undefined || was.asNumber === is.asNumber) return [];
  const same = { ...before, networks: [{ ...was, asNumber: is.asNumber }] };
  return changesOf("networks", same, after).map(
    (change) => ({ ...change, before: was, paths: ["asNumber", ...change.paths] }) as Change<"networks">,
  );
}

/** What differs in an update: both sides, each with only the members that a path begins with. */
export function differing({
  before,
  after,
  paths,
}: Pick<Change, "before" | "after" | "paths">): readonly [object, object] {
  const names = [...new Set(paths.map(memberOf))];
  const only = (side: object = {}) => Object.fromEntries(names.map((name) => [name, Reflect.get(side, name)]));
  return [only(before), only(after)];
}

/** The member that a path begins with. */
export function memberOf(path: string): string {
  const end = path.indexOf(".");
  return end < 0 ? path : path.slice(0, end);
}

/** Meanings whose values are not told. */
const secretive = ["command", "environment", "secret"] as const;

/** Of what differs, what is or lies in one of these on either side. */
function untoldOf<K extends Key>(
  { inputs }: Pick<Kind<K>, "inputs">,
  was: Element<K>,
  is: Element<K>,
  paths: readonly string[],
): string[] {
  // Most changes touch no such member, which only the schema has to say.
  if (!paths.some((path) => mayMean(inputs, secretive, memberOf(path)))) return [];
  const sides = differing({ before: was, after: is, paths });
  const places = secretive.flatMap((meaning) => sides.flatMap((side) => valuesOf(inputs, side, meaning)));
  return paths.filter((path) => places.some((place) => path === place.path || path.startsWith(`${place.path}.`)));
}

/** Adds the paths at which two values differ. As in JSON, an undefined member is the same as a missing one. */
function addDiffering(paths: string[], before: unknown, after: unknown, path: string): void {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    paths.push(path);
    return;
  }
  // Written out twice: this is done for each member of each element of a fleet.
  for (const key of Object.keys(before)) {
    const [was, is]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (!Object.is(was, is)) addDiffering(paths, was, is, path === "" ? key : `${path}.${key}`);
  }
  for (const key of Object.keys(after)) {
    if (Object.hasOwn(before, key)) continue;
    const [was, is]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (!Object.is(was, is)) addDiffering(paths, was, is, path === "" ? key : `${path}.${key}`);
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
