import type { Outages } from "./outage.ts";
import type { AccountClass, GraphNode, Need, ServiceGraph } from "./service-graph.ts";

/**
 * Why accounts go dark, as a path that a person can follow with a finger: `Cut chain a of hall one at alpha: host h1 goes dark,
 * because supply psu0 hangs on chain a, and supply psu1 hangs on chain a too; 412 accounts of plan small.`
 * @param cut nodes that are cut; none when the accounts are dark anyway
 * @param down every node that does not work
 * @param classes the accounts that are dark, one class at least
 */
export function explain(
  graph: ServiceGraph,
  outages: Outages,
  cut: readonly number[],
  down: ReadonlySet<number>,
  classes: readonly AccountClass[],
): string {
  const paths = new Paths(graph.nodes, outages, cut, down);
  const shown = classes.toSorted((a, b) => b.accounts - a.accounts || (a.host < b.host ? -1 : 1))[0]!;
  const accounts = classes.reduce((sum, each) => sum + each.accounts, 0);
  const others = new Set(classes.map(({ host }) => host)).size - 1;
  const plans = [...new Set(classes.map(({ plan }) => plan))].sort().join(", ");
  const names = cut.map((position) => graph.nodes[position]!.name).join(" and ");
  const more = others === 0 ? "" : others === 1 ? " and 1 other host" : ` and ${others} other hosts`;
  const what = cut.length === 0 ? "With nothing cut" : `Cut ${names}`;
  const count = accounts === 1 ? "1 account" : `${accounts} accounts`;
  return `${what}: ${shown.servedBy.map((host) => paths.darkHost(host, shown, more)).join("; ")}; ${count} of plan ${plans}.`;
}

class Paths {
  readonly #nodes: readonly GraphNode[];
  readonly #outages: Outages;
  readonly #cut: readonly number[];
  readonly #down: ReadonlySet<number>;

  constructor(nodes: readonly GraphNode[], outages: Outages, cut: readonly number[], down: ReadonlySet<number>) {
    this.#nodes = nodes;
    this.#outages = outages;
    this.#cut = cut;
    this.#down = down;
  }

  /** One host of a class: that it goes dark, and why. `more` is said of the host the accounts live on. */
  darkHost(position: number, { servedBy, standby }: AccountClass, more: string): string {
    const first = position === servedBy[0];
    const name = this.#nodes[position]!.short;
    const subject = first ? `${name}${more}` : `its standby, ${name},`;
    const goes = first && more !== "" ? "go dark" : "goes dark";
    if (!this.#cut.includes(position))
      return `${subject} ${goes}, because ${this.#why(position, first && more !== "" ? "the first" : "it")}`;
    return standby === undefined ? `${subject} ${goes}, and its accounts have no standby` : `${subject} ${goes}`;
  }

  /** The path from a node that is down to what is cut, in words; where several ways part, they are all named. */
  #why(position: number, called: string, seen: readonly number[] = []): string {
    if (seen.includes(position)) return `${called} leads back to where it came from`;
    // Where nothing is cut no single thing is to blame: each way is followed to its end.
    const chain = this.#cut.length === 0 ? [position] : this.#mustPass(position);
    const words: string[] = [];
    for (const [index, here] of chain.entries()) {
      const need = this.#unmet(here);
      if (need === undefined) break;
      const first = index === 0;
      const who = first ? called : ", which";
      const next = chain[index + 1];
      const cuts = this.#cut.filter((each) => chain.includes(each));
      if (need.any.length === 0) words.push(`${who} ${need.verb} nothing that is declared`);
      else if (next === undefined || (this.#cut.includes(next) && cuts.length > 1)) {
        const ways = need.any.map((way) =>
          this.#cut.includes(way)
            ? `${this.#nodes[way]!.short} fails`
            : this.#why(way, this.#nodes[way]!.short, [...seen, position]),
        );
        words.push(`${first ? "" : ", where "}${ways.join(", and ")}`);
        break;
      } else if (need.any.includes(next)) words.push(`${who} ${need.verb} ${this.#nodes[next]!.short}`);
      else words.push(`${first ? "" : ", where "}${this.#waysTo(need, next)}`);
    }
    return words.join("");
  }

  /** `supply psu0 hangs on chain a, and supply psu1 hangs on chain a too`; longer ways only by where they end. */
  #waysTo(need: Need, end: number): string {
    const { short } = this.#nodes[end]!;
    const verbs = need.any.map((way) => this.#unmet(way)).map((own) => (own?.any.includes(end) ? own.verb : undefined));
    if (verbs.every((verb) => verb !== undefined)) {
      return need.any
        .map((way, index) => `${this.#nodes[way]!.short} ${verbs[index]} ${short}${index > 0 ? " too" : ""}`)
        .join(", and ");
    }
    const ways = need.any.map((way) => this.#nodes[way]!.short);
    return ways.length === 1 ? `${ways[0]} leads only to ${short}` : `${ways.join(" and ")} lead only to ${short}`;
  }

  /** Nodes that are down and that this one cannot do without, from itself to what is cut: each would take it down alone. */
  #mustPass(position: number): number[] {
    const below = new Set([position]);
    for (const each of below) for (const other of this.#unmet(each)?.any ?? []) below.add(other);
    const must = [...below].filter((each) => this.#outages.afterOne(each).has(position));
    const depth = new Map(
      must.map((each) => [each, must.filter((other) => this.#outages.afterOne(each).has(other)).length]),
    );
    return must.sort((a, b) => depth.get(a)! - depth.get(b)!);
  }

  #unmet(position: number): Need | undefined {
    if (this.#cut.includes(position)) return undefined;
    return this.#nodes[position]!.needs.find(({ any }) => any.every((other) => this.#down.has(other)));
  }
}
