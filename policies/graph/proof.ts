import type { Failure } from "../../components/inputs.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import { Outages } from "../../components/service-graph/outage.ts";
import { type AccountClass, type ServiceGraph, serviceGraph } from "../../components/service-graph/service-graph.ts";
import { explain } from "./explain.ts";

/** Elements whose failure takes down accounts although their plan promises to survive it. */
export interface Counterexample {
  /** The failed elements: one or two. */
  readonly cut: readonly { readonly name: string; readonly failure: Failure; readonly subject: Subject }[];
  readonly hosts: readonly string[];
  readonly accounts: number;
  /** One sentence: the failed elements, the hosts that lose service, the path between them, the number of accounts. */
  readonly message: string;
}

/** Result of a proof. */
export interface Proof {
  /** Number of elements, or pairs of elements, whose failure was tried. */
  readonly tried: number;
  readonly counterexamples: readonly Counterexample[];
  /** Accounts without service though nothing fails. */
  readonly down: readonly { readonly host: string; readonly accounts: number; readonly message: string }[];
}

/** N-1: lets each element fail, one at a time. The cost depends on the number of classes, not of accounts. */
export function proveSingles(declaration: Declaration): Proof {
  const prover = new Prover(serviceGraph(declaration));
  return prover.prove(prover.elements.map((element) => [element]));
}

/**
 * N-2: lets every two elements fail together on which the same account depends. A pair counts against a plan that promises to
 * survive each of the two; accounts that one of them takes down by itself are not counted.
 */
export function provePairs(declaration: Declaration): Proof {
  const prover = new Prover(serviceGraph(declaration));
  return prover.prove(prover.pairs());
}

class Prover {
  readonly #graph: ServiceGraph;
  readonly #outages: Outages;
  /** Classes by the position of a host that serves them. */
  readonly #served = new Map<number, AccountClass[]>();
  /** Classes without service though nothing fails. */
  readonly #alreadyDown: ReadonlySet<AccountClass>;
  readonly #singles = new Map<number, ReadonlySet<AccountClass>>();
  /** Everything that can fail, by position. */
  readonly elements: readonly number[];

  constructor(graph: ServiceGraph) {
    this.#graph = graph;
    this.#outages = new Outages(graph);
    for (const each of graph.classes) {
      for (const host of each.servedBy) this.#served.set(host, [...(this.#served.get(host) ?? []), each]);
    }
    const broken = this.#outages.after([]);
    this.#alreadyDown = new Set(graph.classes.filter(({ servedBy }) => servedBy.every((host) => broken.has(host))));
    this.elements = graph.nodes.flatMap(({ failure }, position) => (failure === undefined ? [] : [position]));
  }

  prove(cuts: Iterable<readonly number[]>): Proof {
    const counterexamples: Counterexample[] = [];
    let tried = 0;
    for (const cut of cuts) {
      tried++;
      const down = cut.length === 1 ? this.#outages.afterOne(cut[0]!) : this.#outages.after(cut);
      const lost = this.#lost(down).filter(({ survives }) =>
        cut.every((position) => survives.has(this.#graph.nodes[position]!.failure!)),
      );
      const classes = cut.length === 1 ? lost : lost.filter((each) => !cut.some((one) => this.#alone(one).has(each)));
      if (classes.length > 0) counterexamples.push(this.#counterexample(cut, down, classes));
    }
    return { tried, counterexamples, down: this.#accountsDown() };
  }

  /** Every two elements on which the same class depends. */
  *pairs(): Generator<readonly number[]> {
    const touched = this.elements.map((element) => {
      const reached = this.#outages.reach([element]);
      return new Set([...reached].flatMap((position) => this.#served.get(position) ?? []));
    });
    for (const [a, first] of this.elements.entries()) {
      for (let b = a + 1; b < this.elements.length; b++) {
        const [one, other] = [touched[a]!, touched[b]!];
        const [few, many] = one.size < other.size ? [one, other] : [other, one];
        if ([...few].some((each) => many.has(each))) yield [first, this.elements[b]!];
      }
    }
  }

  /** Classes that one element takes down by itself. */
  #alone(element: number): ReadonlySet<AccountClass> {
    const known = this.#singles.get(element) ?? new Set(this.#lost(this.#outages.afterOne(element)));
    this.#singles.set(element, known);
    return known;
  }

  /** Classes whose hosts are all down, without classes that never have service. */
  #lost(down: ReadonlySet<number>): AccountClass[] {
    const touched = new Set<AccountClass>();
    for (const position of down) for (const each of this.#served.get(position) ?? []) touched.add(each);
    return [...touched].filter(
      (each) => !this.#alreadyDown.has(each) && each.servedBy.every((position) => down.has(position)),
    );
  }

  #counterexample(cut: readonly number[], down: ReadonlySet<number>, classes: readonly AccountClass[]): Counterexample {
    const nodes = cut.map((position) => this.#graph.nodes[position]!);
    return {
      cut: nodes.map(({ name, failure, subject }) => ({ name, failure: failure!, subject })),
      hosts: [...new Set(classes.map(({ host }) => host))].sort(),
      accounts: classes.reduce((sum, each) => sum + each.accounts, 0),
      message: explain(this.#graph, this.#outages, cut, down, classes),
    };
  }

  #accountsDown(): Proof["down"] {
    const down = this.#outages.after([]);
    return [...Map.groupBy(this.#alreadyDown, ({ host }) => host)].map(([host, classes]) => ({
      host,
      accounts: classes.reduce((sum, each) => sum + each.accounts, 0),
      message: explain(this.#graph, this.#outages, [], down, classes),
    }));
  }
}
