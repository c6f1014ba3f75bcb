import { UserError } from "../../lib/user-error.ts";
import { Outages } from "../../policies/graph/outage.ts";
import type { ServiceGraph } from "../../policies/graph/service-graph.ts";
import { nearest } from "../load/problem.ts";

/** `cut`: taken away; `dark`: does not work because of that, or never did. */
export type State = "cut" | "dark";

/** What works no more once elements are taken away. */
export interface Failed {
  /** Elements that were taken away, by the name of their node. */
  readonly cut: readonly string[];
  /** Every node that does not work, by name. */
  readonly states: ReadonlyMap<string, State>;
  /** Accounts that nothing serves any more, by the host they live on. */
  readonly accounts: ReadonlyMap<string, number>;
}

/** What goes dark without these nodes. @param cut positions in the graph; none: what is dark anyway */
export function failedWithout(graph: ServiceGraph, cut: readonly number[]): Failed {
  const down = new Outages(graph).after(cut);
  const accounts = new Map<string, number>();
  for (const each of graph.classes) {
    if (!each.servedBy.every((host) => down.has(host))) continue;
    accounts.set(each.host, (accounts.get(each.host) ?? 0) + each.accounts);
  }
  const name = (position: number): string => graph.nodes[position]!.name;
  const states = new Map(
    [...down].map((position) => [name(position), cut.includes(position) ? "cut" : "dark"] as const),
  );
  return { cut: cut.map(name), states, accounts };
}

/**
 * The node that a person means by `router r1`, `chain a of hall one at alpha` or just `r1`, as long as only one is called so.
 * @throws Error that says what is near, or what all is called so
 */
export function findElement(graph: ServiceGraph, words: string): number {
  const elements = graph.nodes.flatMap(({ name, failure }, position) => (failure ? [{ name, position }] : []));
  const exact = elements.find(({ name }) => name === words);
  if (exact) return exact.position;
  // What is said short: without the kind of element before it, or without the place behind it.
  const meant = elements.filter(({ name }) => name.endsWith(` ${words}`) && name.split(" ").length === 2);
  const found = meant.length > 0 ? meant : elements.filter(({ name }) => name.startsWith(`${words} of `));
  if (found.length === 1) return found[0]!.position;
  if (found.length > 1) {
    const some = found.slice(0, 5).map(({ name }) => `"${name}"`);
    throw new UserError(
      `${found.length} elements are called "${words}", for example ${some.join(", ")}: say which one`,
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
        : `elements are called like ${elements
            .filter((_, index) => index % Math.ceil(elements.length / 4) === 0)
            .map(({ name }) => `"${name}"`)
            .join(", ")}`
    }`,
    "wrong usage",
  );
}
