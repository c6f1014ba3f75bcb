import { routersCell } from "../components/declaring.ts";
import type { HeldElsewhere } from "./holdings.ts";
import { inForce, type Prefixes } from "./in-force.ts";

/** What routers have to know of hosts, wherever these are held. */
interface HostsOfAllCells {
  readonly announced: Prefixes;
  /** Site of each host that is declared or held by a stack; without lost hosts, which announce nothing. */
  readonly siteOf: ReadonlyMap<string, string>;
  /** Stack of each of them. */
  readonly stackOf: ReadonlyMap<string, string>;
}

/**
 * Reads the stacks of all cells, also of one whose last host has left the inventory: until that stack is deployed, the host announces.
 * @param stacks by cell
 * @param read the state of a stack
 */
export async function hostsOfAllCells(
  declared: readonly {
    readonly name: string;
    readonly site: string;
    readonly cell: string;
    readonly lost?: string | undefined;
  }[],
  stacks: ReadonlyMap<string, string>,
  read: (stack: string) => Promise<HeldElsewhere>,
): Promise<HostsOfAllCells> {
  const ofCells = [...stacks].flatMap(([cell, stack]) => (cell === routersCell ? [] : stack));
  const states = await Promise.all(ofCells.map(async (stack) => ({ stack, ...(await read(stack)) })));
  const siteOf = new Map(states.flatMap(({ sites }) => [...sites]));
  for (const { name, site } of declared) siteOf.set(name, site);
  for (const { name, lost } of declared) if (lost !== undefined) siteOf.delete(name);
  return {
    announced: new Map(states.flatMap(({ sent }) => [...inForce(sent).announced])),
    siteOf,
    stackOf: new Map([
      ...states.flatMap(({ stack, sites }) => [...sites.keys()].map((name) => [name, stack] as const)),
      ...declared.map(({ name, cell }) => [name, stacks.get(cell)!] as const),
    ]),
  };
}
