import type { Declaration } from "../../components/declaration.ts";
import { type Subject, subject } from "../../components/rule.ts";
import { compareSubjects } from "../../policies/check-declaration.ts";

export type Kind = keyof Declaration;
export type Element<K extends Kind = Kind> = Declaration[K][number];

/** What happens to one element of a fleet between two declarations. */
export type Change<K extends Kind = Kind> = {
  [Each in K]: {
    readonly kind: Each;
    readonly subject: Subject;
    /** Properties that differ, as paths: `limits.memoryMaxMb`, `disks.1.serial`. Empty unless both sides are there. */
    readonly paths: readonly string[];
  } & (
    | { readonly op: "create"; readonly before?: undefined; readonly after: Element<Each> }
    | { readonly op: "update"; readonly before: Element<Each>; readonly after: Element<Each> }
    | { readonly op: "delete"; readonly before: Element<Each>; readonly after?: undefined }
  );
}[K];

const subjectOf: { readonly [K in Kind]: (element: Element<K>) => Subject } = {
  sites: (site) => subject.site(site),
  networks: (network) => subject.network(network),
  routers: (router) => subject.router(router),
  switches: (device) => subject.switch(device),
  ranges: (range) => subject.range(range),
  registers: () => subject.register(),
  hosts: (host) => subject.host(host),
  plans: (plan) => subject.plan(plan),
  accounts: (account) => subject.account(account),
  addresses: (address) => subject.address(address),
  httpServers: (server) => subject.httpServer(server),
  frontEnds: (frontEnd) => subject.frontEnd(frontEnd),
};

export const kinds = Object.keys(subjectOf) as Kind[];

/** What differs between two declarations, in the order of kinds, then of subjects. Pure, linear in their size. */
export function changesBetween(before: Declaration, after: Declaration): Change[] {
  return kinds.flatMap((kind) => changesOf(kind, before, after));
}

/** The changes of one kind, with their type. */
export function changesOf<K extends Kind>(kind: K, before: Declaration, after: Declaration): Change<K>[] {
  if (before[kind] === after[kind]) return [];
  const name = subjectOf[kind] as (element: Element<K>) => Subject;
  const old = new Map((before[kind] as readonly Element<K>[]).map((element) => [name(element).name, element]));
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
      ...(was && { before: was }),
      ...(is && { after: is }),
    };
    changes.push(change as unknown as Change<K>);
  };
  for (const element of after[kind] as readonly Element<K>[]) {
    const about = name(element);
    const was = old.get(about.name);
    old.delete(about.name);
    if (was === undefined) {
      add(about, "create", undefined, element);
      continue;
    }
    if (was === element) continue;
    const paths: string[] = [];
    addDiffering(paths, was, element, "");
    if (paths.length > 0) add(about, "update", was, element, paths);
  }
  for (const was of old.values()) add(name(was), "delete", was, undefined);
  return changes.sort((left, right) => compareSubjects(left.subject, right.subject));
}

/** Whether one of a change's paths is `path` or lies inside it. */
export function touches({ paths }: { readonly paths: readonly string[] }, ...wanted: readonly string[]): boolean {
  return paths.some((path) => wanted.some((each) => path === each || path.startsWith(`${each}.`)));
}

/** Adds the paths of what differs in two values as JSON has them, where a member that is undefined is none. */
function addDiffering(paths: string[], before: unknown, after: unknown, path: string): void {
  if (!isContainer(before) || !isContainer(after) || Array.isArray(before) !== Array.isArray(after)) {
    paths.push(path);
    return;
  }
  for (const key of keysOf(before, after)) {
    const [was, is]: unknown[] = [Reflect.get(before, key), Reflect.get(after, key)];
    if (!Object.is(was, is)) addDiffering(paths, was, is, path === "" ? key : `${path}.${key}`);
  }
}

function keysOf(before: object, after: object): string[] {
  const keys = Object.keys(before);
  for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) keys.push(key);
  return keys;
}

function isContainer(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
