import { swappedDisks } from "../../components/host/hardware/disks.ts";
import { standsInRack } from "../../components/registry/fields/schema-walk.ts";
import { kinds } from "../../components/registry/kinds.generated.ts";
import { serviceGraph } from "../../components/service-graph/service-graph.ts";
import { type Failed, failedWithout } from "../../fleet/draw/failed.ts";
import { fleetSvg } from "../../fleet/draw/svg.ts";
import type { Reviewed } from "../verdict/outcome.ts";
import { counterexamples } from "./summary.ts";

/** The new fleet as SVG: elements that the change touches in amber, those of the worst counterexample of the proof in red. */
export function toSvg(outcome: Reviewed): string {
  return fleetSvg(outcome.fleet, failedBy(outcome), touchedBy(outcome));
}

function failedBy(outcome: Reviewed): Failed {
  const graph = serviceGraph(outcome.fleet);
  const all = counterexamples(outcome);
  // Feeds are not drawn; their chains are.
  const shown = all.find(({ cut }) => !cut.some(({ name }) => name.startsWith("feed "))) ?? all[0];
  const names = new Set(shown?.cut.map(({ name }) => name));
  return failedWithout(
    graph,
    graph.nodes.flatMap(({ name }, position) => (names.has(name) ? [position] : [])),
  );
}

/** Names of the nodes that a change touches. Removed elements cannot be drawn. */
function touchedBy({ review: { changes, hosts } }: Reviewed): Set<string> {
  const touched = new Set(hosts.map(({ host }) => `host ${host}`));
  for (const { kind, op, subject, before, after } of changes) {
    if (standsInRack(kinds[kind])) touched.add(`${subject.kind} ${subject.name}`);
    if (kind !== "hosts" || op !== "update") continue;
    for (const { slot } of swappedDisks(before, after)) touched.add(`disk ${slot} of host ${after.name}`);
  }
  return touched;
}
