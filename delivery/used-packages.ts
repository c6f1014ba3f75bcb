import type { DeclaredHost } from "../components/registry/bundle/renderer.ts";
import type { Element, Key, Kind } from "../components/registry/kind.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds } from "../components/registry/subject.ts";
import { once } from "../lib/once.ts";
import { hostPackages } from "./protocol/packages.generated.ts";

/**
 * Debian packages that a host needs beside those of every host, because a server kind or an engine that is declared on it does; sorted.
 * A spare host has those of all hosts of the declaration: it is there to take accounts of any of them over, and must not depend on a
 * package mirror then.
 */
export function usedPackages({ declaration, host: { name, role } }: DeclaredHost): readonly string[] {
  const used = usedOn(declaration);
  const hosts = role === "spare" ? [...used.keys()] : [name];
  return [...new Set(hosts.flatMap((each) => [...(used.get(each) ?? [])]))].sort();
}

/** Whether an element that comes to a host may be why the host needs a package that not every host has: most need none. */
export function mayNeedPackages({ variants = [] }: Pick<Kind, "variants">, element: Element): boolean {
  return variants.some(({ needs, of }) => needs[of(element)]?.packages?.some((each) => !everywhere.has(each)) === true);
}

const everywhere: ReadonlySet<string> = new Set(hostPackages);

/** By host; each element is looked at once. */
const usedOn = once((declaration: Declaration) => {
  const used = new Map<string, Set<string>>();
  for (const { key, variants, hostOf } of allKinds as readonly Kind[]) {
    if (!variants || !hostOf) continue;
    for (const element of declaration[key as Key] as readonly Element[]) {
      const names = used.get(hostOf(element)) ?? new Set();
      used.set(hostOf(element), names);
      // A declaration of another release may have a variant that this one does not know.
      for (const { needs, of } of variants) for (const each of needs[of(element)]?.packages ?? []) names.add(each);
    }
  }
  for (const names of used.values()) for (const each of hostPackages) names.delete(each);
  return used;
});
