import type { Wave } from "../change/waves.ts";
import type { EngineSides } from "../engine/sides.ts";

/** Resources that the engine is told to update in a wave: what changes on its hosts, by URN. */
export function targetsOf(
  { engine, hostsOf }: Pick<EngineSides, "engine" | "hostsOf">,
  wave: Pick<Wave, "hosts">,
): string[] {
  const hosts = new Set(wave.hosts);
  const urns = engine.map(({ urn }) => urn).filter((urn) => hostsOf.get(urn)?.some((host) => hosts.has(host)));
  return [...new Set(urns)];
}

/** Hosts on which a preview would do anything, although they are not of the wave. */
export function strayHosts(
  { engine, hostsOf }: Pick<EngineSides, "engine" | "hostsOf">,
  wave: Pick<Wave, "hosts">,
): string[] {
  const touched = new Set(engine.flatMap(({ urn }) => hostsOf.get(urn) ?? []));
  return [...touched].filter((host) => !wave.hosts.includes(host)).sort();
}

/** What is deployed one after the other: the waves, or all at once where no host is touched or one wave does it. */
export function stagesOf(waves: readonly Wave[]): readonly Pick<Wave, "hosts">[] {
  return waves.length === 0 ? [{ hosts: [] }] : waves;
}
