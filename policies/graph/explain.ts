import type { Outages } from "../../components/service-graph/outage.ts";
import type { AccountClass, GraphNode, Need, ServiceGraph } from "../../components/service-graph/service-graph.ts";

/**
 * Explains why accounts lose service, as a path that a person can follow: `If chain a of hall one at alpha fails, host h1 loses
 * service: power supply psu0 is fed by chain a, and power supply psu1 too; 412 accounts of plan small.`
 * @param cut nodes that fail; empty if the accounts have no service anyway
 * @param down every node that is down
 * @param classes the accounts without service, at least one class
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
  const what = cut.length === 0 ? "Even if nothing fails" : `If ${names} ${cut.length === 1 ? "fails" : "fail"}`;
  const count = accounts === 1 ? "1 account" : `${accounts} accounts`;
  return `${what}, ${shown.servedBy.map((host) => paths.downHost(host, shown, more)).join("; ")}; ${count} of plan ${plans}.`;
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

  /** Says that one host of a class loses service, and why. `more` goes with the host of the accounts. */
  downHost(position: number, { servedBy, standby }: AccountClass, more: string): string {
    const first = position === servedBy[0];
    const name = this.#nodes[position]!.short;
    const subject = first ? `${name}${more}` : `its standby, ${name},`;
    const several = first && more !== "";
    const [one, many] = this.#cut.length === 0 ? ["has no", "have no"] : ["loses", "lose"];
    const loses = `${several ? many : one} service${first ? "" : " too"}`;
    if (!this.#cut.includes(position)) return `${subject} ${loses}: ${this.#why(position, several ? name : "it")}`;
    return standby === undefined ? `the accounts of ${subject} have no standby` : `${subject} ${loses}`;
  }

  /** The path from a node that is down to the cut nodes, in words; names all branches. */
  #why(position: number, called: string, seen: readonly number[] = []): string {
    if (seen.includes(position)) return `${called} leads back into this path`;
    // If nothing is cut, there is no single cause: follow each branch to its end.
    const chain = this.#cut.length === 0 ? [position] : this.#mustPass(position);
    const words: string[] = [];
    for (const [index, here] of chain.entries()) {
      const need = this.#unmet(here);
      if (need === undefined) break;
      const first = index === 0;
      // After "power supply psu1 too", "which" would mean the power supply.
      const named = words.at(-1)?.endsWith(" too");
      const who = first ? called : named ? `, and ${this.#nodes[here]!.short}` : ", which";
      const next = chain[index + 1];
      const cuts = this.#cut.filter((each) => chain.includes(each));
      if (need.any.length === 0) words.push(`${who} ${need.verb} no declared element`);
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

  /** `power supply psu0 is fed by chain a, and power supply psu1 too`; for longer branches only their end. */
  #waysTo(need: Need, end: number): string {
    const { short } = this.#nodes[end]!;
    const verbs = need.any.map((way) => this.#unmet(way)).map((own) => (own?.any.includes(end) ? own.verb : undefined));
    if (verbs.every((verb) => verb !== undefined)) {
      return need.any
        .map((way, index) => {
          const same = index > 0 && verbs[index] === verbs[0];
          return same ? `${this.#nodes[way]!.short} too` : `${this.#nodes[way]!.short} ${verbs[index]} ${short}`;
        })
        .join(", and ");
    }
    const ways = need.any.map((way) => this.#nodes[way]!.short);
    return ways.length === 1 ? `${ways[0]} leads only to ${short}` : `${ways.join(" and ")} lead only to ${short}`;
  }

  /** Nodes that are down and would each take this node down alone, from itself to the cut nodes. */
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
