import type { ServiceGraph } from "./service-graph.ts";

/** Finds the nodes that stop working when some are cut; the cost depends on the number of dependent nodes, not on the graph. */
export class Outages {
  readonly #graph: ServiceGraph;
  /** For each node those with a need that names it. */
  readonly #dependents: readonly (readonly number[])[];
  readonly #single = new Map<number, ReadonlySet<number>>();
  /** Nodes that are down though nothing is cut. */
  readonly #broken: ReadonlySet<number>;

  constructor(graph: ServiceGraph) {
    this.#graph = graph;
    const dependents: number[][] = graph.nodes.map(() => []);
    for (const [position, { needs }] of graph.nodes.entries()) {
      for (const { any } of needs) for (const other of any) dependents[other]!.push(position);
    }
    this.#dependents = dependents;
    this.#broken = new Set();
    this.#broken = this.#settle(new Set(graph.nodes.keys()), new Set());
  }

  /** Nodes that are down when these are cut: themselves, nodes that depend on them, and nodes that are always down. */
  after(cut: readonly number[]): ReadonlySet<number> {
    const touched = this.reach(cut);
    for (const position of this.#broken) touched.delete(position);
    const down = this.#settle(touched, new Set(cut));
    for (const position of this.#broken) down.add(position);
    return down;
  }

  /** Nodes that one node takes down by itself. Cached. */
  afterOne(position: number): ReadonlySet<number> {
    const known = this.#single.get(position) ?? this.after([position]);
    this.#single.set(position, known);
    return known;
  }

  /** These nodes and everything that depends on them, directly or not. */
  reach(from: readonly number[]): Set<number> {
    const found = new Set(from);
    for (const position of found) for (const dependent of this.#dependents[position]!) found.add(dependent);
    return found;
  }

  /**
   * The touched nodes that are down. Starts with all of them down and brings up nodes whose needs are met until none is left: so
   * two routers that reach the Internet only over each other stay down.
   */
  #settle(touched: ReadonlySet<number>, cut: ReadonlySet<number>): Set<number> {
    const down = new Set(touched);
    const waiting = [...touched];
    for (let position = waiting.pop(); position !== undefined; position = waiting.pop()) {
      if (!down.has(position) || cut.has(position) || this.#broken.has(position)) continue;
      const met = this.#graph.nodes[position]!.needs.every(({ any }) =>
        any.some((other) => !down.has(other) && !this.#broken.has(other)),
      );
      if (!met) continue;
      down.delete(position);
      for (const dependent of this.#dependents[position]!) if (down.has(dependent)) waiting.push(dependent);
    }
    return down;
  }
}
