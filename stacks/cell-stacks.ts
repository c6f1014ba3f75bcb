import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { cellsOf, routersCell, unknownCell } from "../components/declaring.ts";
import { readSource } from "../fleet/load/source.ts";
import { listed } from "../lib/text/text.ts";

/** Hosts that a fleet declares, or a stack holds. */
type Hosts = readonly { readonly name: string; readonly cell: string }[];

/**
 * Refuses a cell that no host is in: its stack would give up all that it holds. The last deploy of a cell whose hosts have all left the inventory passes; whether they may leave is judged
 * elsewhere (`nothing-vanishes`).
 * @param held names of hosts that the stack holds
 * @throws RunError with the cells that there are
 */
export function refuseUnknownCell(
  stack: string,
  cell: string | undefined,
  hosts: Hosts,
  held: readonly string[],
): void {
  // A fleet of one cell refuses that of routers in words of its own.
  const why = cell === routersCell ? undefined : unknownCell(hosts, cell);
  if (why === undefined) return;
  const elsewhere = hosts.filter(({ name }) => held.includes(name));
  if (held.length > 0 && elsewhere.length === 0) return;
  const fix =
    held.length === 0
      ? "Correct it; the stack holds no host, so if it is not needed any more, remove it (`pulumi destroy`)"
      : `Correct it; or first move ${listed(elsewhere.map((host) => `${host.name} to the stack of cell ${host.cell}`))} (docs/how-to/operate/hosts.md)`;
  throw new pulumi.RunError(`fairhost:cell of stack ${stack}: ${why}; nothing was touched. ${fix}`);
}

/** Settings of one stack, as far as they say what it holds. */
export interface StackSettings {
  readonly stack: string;
  /** Absolute directory of its fleet. */
  readonly inventory: string;
  /** Absent: all hosts. */
  readonly cell?: string;
}

/** Settings of all stacks of a project (`Pulumi.<stack>.yaml`), by name; files that cannot be read are left out: Pulumi refuses them. */
export function stacksIn(directory: string): StackSettings[] {
  return readdirSync(directory)
    .sort()
    .flatMap((file): StackSettings[] => {
      const stack = /^Pulumi\.([^/]+)\.yaml$/.exec(file)?.[1];
      if (stack === undefined) return [];
      const { data } = readSource(file, readFileSync(join(directory, file), "utf8")).source;
      const { config } = (data ?? {}) as { readonly config?: Readonly<Record<string, unknown>> };
      const [inventory, cell] = [config?.["fairhost:inventory"], config?.["fairhost:cell"]];
      if (typeof inventory !== "string") return [];
      return [{ stack, inventory: resolve(directory, inventory), ...(typeof cell === "string" && { cell }) }];
    });
}

/**
 * The stack of each cell of a fleet, and of its routers, by the cell's name.
 * @param own name of the stack that asks
 * @throws RunError if a cell has no stack, or two stacks have one cell: what hosts announce could not be known
 */
export function stackOfEachCell(
  stacks: readonly StackSettings[],
  own: string,
  hosts: readonly { readonly cell: string }[],
): ReadonlyMap<string, string> {
  const inventory = stacks.find(({ stack }) => stack === own)?.inventory;
  const ofFleet = stacks.filter((each) => each.inventory === inventory);
  const byCell = new Map<string, string>();
  const problems: string[] = [];
  for (const { stack, cell } of ofFleet) {
    if (cell === undefined) {
      problems.push(
        `stack ${stack} has no fairhost:cell, so it holds the hosts of all cells: set it, or remove its file`,
      );
      continue;
    }
    const other = byCell.get(cell);
    if (other !== undefined) problems.push(`stacks ${other} and ${stack} both hold cell ${cell}: correct one of them`);
    byCell.set(cell, stack);
  }
  for (const cell of [...cellsOf(hosts), routersCell]) {
    if (byCell.has(cell)) continue;
    const what = cell === routersCell ? "the routers" : `cell ${cell}`;
    problems.push(
      `no stack holds ${what}: \`pulumi stack init <name>\`, with fairhost:cell ${cell} and this inventory`,
    );
  }
  if (problems.length > 0)
    throw new pulumi.RunError(
      `Routers are told of the hosts of all cells, and the stacks beside this one (Pulumi.<stack>.yaml) are not those of the fleet's cells; nothing was touched:\n  ${problems.join("\n  ")}`,
    );
  return byCell;
}
