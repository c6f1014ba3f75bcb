import { Outages } from "../../components/service-graph/outage.ts";
import type { ServiceGraph } from "../../components/service-graph/service-graph.ts";
import { UserError } from "../../lib/user-error.ts";
import { nearest } from "../load/problem.ts";

/** `cut`: taken away; `down`: down because of that, or down anyway. */
export type State = "cut" | "down";

/** The elements and accounts that are down when some elements are taken away. */
export interface Failed {
  /** Elements that were taken away, by the names of their nodes. */
  readonly cut: readonly string[];
  /** Every node that is down, by name. */
  readonly states: ReadonlyMap<string, State>;
  /** Number of accounts without service, by their host. */
  readonly accounts: ReadonlyMap<string, number>;
}

/** The nodes and accounts that are down without these nodes. @param cut positions in the graph; empty: only those that are down anyway */
export function failedWithout(graph: ServiceGraph, cut: readonly number[]): Failed {
  const down = new Outages(graph).after(cut);
  const accounts = new Map<string, number>();
  for (const each of graph.classes) {
    if (!each.servedBy.every((host) => down.has(host))) continue;
    accounts.set(each.host, (accounts.get(each.host) ?? 0) + each.accounts);
  }
  const name = (position: number): string => graph.nodes[position]!.name;
  const states = new Map(
    [...down].map((position) => [name(position), cut.includes(position) ? "cut" : "down"] as const),
  );
  return { cut: cut.map(name), states, accounts };
}

/**
 * Finds a node by its name, `router r1` or `chain a of hall one at alpha`, or by a part of it, `r1`, if only one node matches.
 * @throws UserError that names a similar element, or all elements that match
 */
export function findElement(graph: ServiceGraph, words: string): number {
  const elements = graph.nodes.flatMap(({ name, failure }, position) => (failure ? [{ name, position }] : []));
  const exact = elements.find(({ name }) => name === words);
  if (exact) return exact.position;
  // Short names: without the kind of element in front, or without the place at the end.
  const meant = elements.filter(({ name }) => name.endsWith(` ${words}`) && name.split(" ").length === 2);
  const found = meant.length > 0 ? meant : elements.filter(({ name }) => name.startsWith(`${words} of `));
  if (found.length === 1) return found[0]!.position;
  if (found.length > 1) {
    const some = found.slice(0, 5).map(({ name }) => `"${name}"`);
    throw new UserError(
      `"${words}" matches ${found.length} elements, for example ${some.join(", ")}: give the full name of one`,
      "wrong usage",
    );
  }
  const near = nearest(
    words,
    elements.map(({ name }) => name),
  );
  throw new UserError(
    `there is no element "${words}"; ${
      near
        ? `did you mean "${near}"?`
        : `names of elements are, for example, ${elements
            .filter((_, index) => index % Math.ceil(elements.length / 4) === 0)
            .map(({ name }) => `"${name}"`)
            .join(", ")}`
    }`,
    "wrong usage",
  );
}
