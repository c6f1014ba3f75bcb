import type { Wave } from "../change/waves.ts";
import type { EngineSides } from "../engine/sides.ts";

/** Targets of a wave for the engine: URNs of the resources that change on its hosts and routers, and of those that they lie in. */
export function targetsOf(
  { engine, hostsOf, parents }: Pick<EngineSides, "engine" | "hostsOf" | "parents">,
  wave: Pick<Wave, "hosts">,
): string[] {
  const hosts = new Set(wave.hosts);
  const changed = new Set(engine.map(({ urn }) => urn));
  const urns = [...changed].filter((urn) => hostsOf.get(urn)?.some((host) => hosts.has(host)));
  const above = (urn: string): string[] => {
    const parent = parents.get(urn);
    return parent === undefined ? [] : [...above(parent), parent];
  };
  return [...new Set(urns.flatMap((urn) => [...above(urn).filter((each) => changed.has(each)), urn]))];
}

/** Hosts that a preview would touch although they are not in the wave. */
export function strayHosts(
  { engine, hostsOf }: Pick<EngineSides, "engine" | "hostsOf">,
  wave: Pick<Wave, "hosts">,
): string[] {
  const touched = new Set(engine.flatMap(({ urn }) => hostsOf.get(urn) ?? []));
  return [...touched].filter((host) => !wave.hosts.includes(host)).sort();
}

/** The stages of a deploy: the waves, or one stage if no host is touched or one wave is enough. */
export function stagesOf(waves: readonly Wave[]): readonly Pick<Wave, "hosts">[] {
  return waves.length === 0 ? [{ hosts: [] }] : waves;
}
