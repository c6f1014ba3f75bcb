import type { Failure } from "../../components/inputs.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import { Outages } from "../../components/service-graph/outage.ts";
import { serviceGraph } from "../../components/service-graph/service-graph.ts";

/** What the failure of one element takes away, whatever plans promise. */
export interface Loss {
  /** The element as the proof calls it: `switch switch-a`. */
  readonly name: string;
  readonly failure: Failure;
  readonly subject: Subject;
  /** Numbers of the accounts that lose service, sorted. Those that have none anyway are among them. */
  readonly accounts: readonly number[];
}

/** The N-1 proof as a list: every element that can fail, and the accounts that lose service then. */
export function losses(declaration: Declaration): Loss[] {
  const graph = serviceGraph(declaration);
  const outages = new Outages(graph);
  return graph.nodes.flatMap(({ name, failure, subject }, index) => {
    if (failure === undefined) return [];
    const down = outages.afterOne(index);
    const lost = graph.classes.filter(({ servedBy }) => servedBy.every((host) => down.has(host)));
    const accounts = declaration.accounts
      .filter(({ host, standby }) => lost.some((each) => each.host === host && each.standby === standby))
      .map(({ number }) => number)
      .sort((one, two) => one - two);
    return [{ name, failure, subject, accounts }];
  });
}
