import type { ServiceGraph } from "./service-graph.ts";

/** Answers what stops working when something is cut, at a cost in what depends on it, not in the graph. */
export class Outages {
  readonly #graph: ServiceGraph;
  /** For each node those with a need that names it. */
  readonly #dependents: readonly (readonly number[])[];
  readonly #single = new Map<number, ReadonlySet<number>>();
  /** What does not work though nothing is cut. */
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

  /** Nodes that do not work when these are cut: themselves, what depends on them, and what never works. */
  after(cut: readonly number[]): ReadonlySet<number> {
    const touched = this.reach(cut);
    for (const position of this.#broken) touched.delete(position);
    const down = this.#settle(touched, new Set(cut));
    for (const position of this.#broken) down.add(position);
    return down;
  }

  /** What one node takes down by itself. Remembered. */
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
   * Which of the touched nodes do not work. All are taken to be down; what has its needs met comes up, again and again: so
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
